"""MapReduce: a master hands map and reduce tasks to workers, and runs again what a lost worker took with it.

Dean and Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", OSDI 2004. `job` is what a user writes and
what a task computes (sections 2, 4.1 to 4.4, 4.6 and 4.8), `messages` what is said, `master` and `worker` the two roles
(sections 3.1 to 3.6), `tasks` what the master knows of each task, `file_system` the little that both need of a global
file system.

Departures.

*Failure detection* (3.3). Exploration knows order and no time, so there the master keeps a connection to each worker
(`Watch`), which breaks when the worker is gone: the message bounces. A false suspicion is a bounce, too. With `ping_ms`
the master pings as in the paper, and loses a worker that does not answer within a period; one that answers later is
admitted again. A worker that comes back after a crash registers, and has lost its intermediate files.

*Messages* are not lost, as with TCP; they may overtake each other.

*Slots.* A worker has one slot for a map task and one for a reduce task, as in Hadoop: otherwise reduce tasks that wait
for a lost map output could occupy all workers. Reduce tasks begin when all map tasks are completed; nothing that they
could read before would be seen by anybody.

*Fetching.* A reducer asks a worker for all that it needs of it at once, and reads what it holds itself. When a worker
does not answer or has nothing, the reducer says so to the master, who has the map run again or knows better where it
is. The paper's master finds out by its pings alone.

*Order.* A reducer sees the values of a key in the order of the map tasks, whatever order they arrived in.

*Attempts* are told apart by their worker: one worker never runs two attempts of a task at a time. A loser is not
killed: it finishes and is ignored. An output file is renamed only where there is none yet, so that the first attempt
to finish wins; the paper's file system replaces it by an equal one.

*Counters* (4.8) are those of the first attempt of a task that completed, and stay when its output is lost: reducers may
have all they need of it, and the job end without it. The job is not done before the counters of all tasks are known.

*Crash of the master* (3.3). With `checkpoint_ms` it writes its table to stable storage from time to time, and goes on
from there; what was in progress then is begun again. Without, the job is aborted, as the original did.
"""
