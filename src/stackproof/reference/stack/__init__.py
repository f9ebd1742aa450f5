"""The layers put together: a job that runs on offers, over blocks that Chord places, on machines that come and go.

    a machine  a node of the block store, an agent, and the executors that its tasks launch: they live and die together
    `mesos`    the master that makes offers of machines, and finds out which of them are gone
    a driver   a framework, and with it the master of a MapReduce job or the scheduler of a program of RDDs, which runs
               its tasks on the executors that accepted offers launched
    the user   writes the input into the block store, submits the job, and reads what came of it

Nothing of a layer is written anew here. `site` lets several nodes be one, `machine` is one place where the layers meet,
`masters` and `drivers` the others; `mapreduce` and `tasks` have the workers and executors that read and write blocks.

Departures. Masters, drivers and the user do not fail; machines do, for good, and new ones come. A machine has one name,
under which all its parts are known, so a block's holders are at once the machines that a task prefers. The metadata of
output files (which blocks, under which name) lie with the driver of the job, which is the one to rename them.
"""
