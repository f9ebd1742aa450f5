"""Hold the reference's MapReduce against Hadoop's, whose LocalJobRunner comes in the jars of PySpark.

    pip install 'stackproof[oracles]'
    python examples/hold_the_reference_against_hadoop.py

PySpark needs Java 17 or later. The jobs are those that Hadoop's own library has classes for. Both get the same random
files; the reference runs on four workers in virtual time, one of which crashes. Output is compared file by file: which
keys are in it, in which order, with which values; and so are two counters. For that the reference partitions as Hadoop
does, by the hash of a Text. Where a key has several values in a file they are compared as a bag: Hadoop's sort says
nothing of their order.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from attrs import frozen

from stackproof.checker import Event, Faults, Scenario, simulate
from stackproof.reference.processing.jobs import Sort, UrlAccessFrequency, WordCount, cuts_of
from stackproof.reference.processing.mapreduce.file_system import FileSystem, output
from stackproof.reference.processing.mapreduce.job import READ, WRITTEN, Job, Key, Pair, Records, Splits
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.messages import Kind
from stackproof.reference.processing.mapreduce.tasks import Plan, RunAgain
from stackproof.reference.processing.mapreduce.worker import Worker

WORDS = ("a", "of", "the", "Hadoop", "hadoop", "MapReduce", "été", "データ", "😀", "zebra", "ß", "0", "-1")
WORKERS = ("w0", "w1", "w2", "w3")
ROUNDS = 5
COUNTERS = {READ: "MAP_INPUT_RECORDS", WRITTEN: "REDUCE_OUTPUT_RECORDS"}
LIBRARY = "org.apache.hadoop.mapreduce.lib"
TEXT = "org.apache.hadoop.io.Text"
LOCAL = (
    ("fs.defaultFS", "file:///"),
    ("mapreduce.framework.name", "local"),
    ("mapreduce.task.io.sort.mb", "8"),
    ("mapreduce.client.completion.pollinterval", "20"),
)


# The reference's side.


def text_hash(key: str) -> int:
    """The hash of a Text: 31 times what was before and a signed byte more, from 1 on, in 32 bits."""
    value = 1
    for byte in key.encode():
        value = value * 31 + (byte ^ 0x80) - 0x80 & 0xFFFFFFFF
    return value


class ByTextHash(Job):
    """Partitioned as Hadoop's HashPartitioner does it."""

    def partition(self, key: Key, reduces: int) -> int:
        return (text_hash(key) & 0x7FFFFFFF) % reduces


@frozen
class Words(ByTextHash, WordCount):
    pass


@frozen
class Urls(ByTextHash, UrlAccessFrequency):
    pass


@frozen
class Inverted(ByTextHash):
    """Each page under the page that it links to: a line is a page, a tab, and another."""

    def map(self, key: Key, value: str) -> Iterator[Pair]:
        page, _, target = value.partition("\t")
        yield target, page


@frozen
class Sorted(Sort):
    """Lines of a key, a tab and a value, by their keys."""

    def map(self, key: Key, value: str) -> Iterator[Pair]:
        name, _, rest = value.partition("\t")
        yield name, rest


def here(job: Job, texts: Iterable[str], reduces: int) -> tuple[list[Records], dict[str, int], bool]:
    """The output files of the reference, its counters, and whether the crash cost a completed map task."""
    splits = tuple(tuple(enumerate(text.splitlines())) for text in texts)
    plan = Plan(len(splits), reduces, WORKERS)
    workers = (Worker(name, "m", "fs", job, Splits(splits), reduces, work_ms=500) for name in WORKERS)
    scenario = Scenario(nodes=(Master("m", plan), *workers, FileSystem("fs")), faults=Faults(detection=True))
    run = simulate(scenario, seed=len(splits), jitter=0.3, schedule=[(900, Event("crash", node="w1"))])
    files = {file.name: file.records for file in run.nodes["fs"].files}
    again = any(isinstance(seen.event, RunAgain) and seen.event.task.kind is Kind.MAP for seen in run.observations)
    return [files[output(reduce)] for reduce in range(reduces)], dict(run.nodes["m"].counters), again


# Hadoop's side.


@frozen
class Classes:
    """What Hadoop is told of a job: classes of its library, and options."""

    mapper: str
    reducer: str
    value: str
    combiner: str = ""
    reader: str = f"{LIBRARY}.input.TextInputFormat"
    options: tuple[tuple[str, str], ...] = ()


COUNTED = Classes(
    f"{LIBRARY}.map.TokenCounterMapper", f"{LIBRARY}.reduce.IntSumReducer", "org.apache.hadoop.io.IntWritable"
)
COMBINED = Classes(COUNTED.mapper, COUNTED.reducer, COUNTED.value, COUNTED.reducer)
MATCHED = Classes(
    f"{LIBRARY}.map.RegexMapper",
    f"{LIBRARY}.reduce.LongSumReducer",
    "org.apache.hadoop.io.LongWritable",
    options=(("mapreduce.mapper.regex", r'"[A-Z]+ (\S+)'), ("mapreduce.mapper.regexmapper..group", "1")),
)
KEYED = f"{LIBRARY}.input.KeyValueTextInputFormat"
TURNED = Classes(f"{LIBRARY}.map.InverseMapper", "org.apache.hadoop.mapreduce.Reducer", TEXT, reader=KEYED)
COPIED = Classes("org.apache.hadoop.mapreduce.Mapper", "org.apache.hadoop.mapreduce.Reducer", TEXT, reader=KEYED)


@frozen
class Hadoop:
    """A Java process with Hadoop's classes."""

    jvm: Any

    def run(
        self, job: Job, classes: Classes, texts: Iterable[str], reduces: int
    ) -> tuple[list[Records], dict[str, int]]:
        """The output files of Hadoop and two of its counters."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "in").mkdir()
            for place, text in enumerate(texts):
                (folder / "in" / f"{place}.txt").write_text(text, "utf-8")
            submitted = self.job(classes, folder, reduces)
            if isinstance(job, Sort):
                self.cut(submitted, job.cuts, folder / "cuts")
            if not submitted.waitForCompletion(False):
                raise RuntimeError(f"Hadoop could not run {classes.mapper}")
            group = submitted.getCounters().getGroup("org.apache.hadoop.mapreduce.TaskCounter")
            counters = {ours: group.findCounter(theirs).getValue() for ours, theirs in COUNTERS.items()}
            files = [read(folder / "out" / f"part-r-{reduce:05}") for reduce in range(reduces)]
        return files, counters

    def job(self, classes: Classes, folder: Path, reduces: int) -> Any:
        """A job of these classes from the folder's `in` to its `out`."""
        hadoop, named = self.jvm.org.apache.hadoop, self.jvm.java.lang.Class.forName
        configuration = hadoop.conf.Configuration()
        for option, value in (*LOCAL, ("hadoop.tmp.dir", str(folder / "scratch")), *classes.options):
            configuration.set(option, value)
        job = hadoop.mapreduce.Job.getInstance(configuration)
        job.setInputFormatClass(named(classes.reader))
        job.setMapperClass(named(classes.mapper))
        job.setReducerClass(named(classes.reducer))
        if classes.combiner:
            job.setCombinerClass(named(classes.combiner))
        job.setOutputKeyClass(named(TEXT))
        job.setOutputValueClass(named(classes.value))
        job.setNumReduceTasks(reduces)
        hadoop.mapreduce.lib.input.FileInputFormat.addInputPath(job, hadoop.fs.Path(f"{folder}/in"))
        hadoop.mapreduce.lib.output.FileOutputFormat.setOutputPath(job, hadoop.fs.Path(f"{folder}/out"))
        return job

    def cut(self, job: Any, cuts: Iterable[str], file: Path) -> None:
        """Have a job partition by ranges of keys, which Hadoop reads from a file."""
        hadoop, named = self.jvm.org.apache.hadoop, self.jvm.java.lang.Class.forName
        partitioner = hadoop.mapreduce.lib.partition.TotalOrderPartitioner
        configuration, path = job.getConfiguration(), hadoop.fs.Path(str(file))
        nothing = hadoop.io.NullWritable.get()
        writer = hadoop.io.SequenceFile.createWriter(
            hadoop.fs.FileSystem.get(configuration), configuration, path, named(TEXT), nothing.getClass()
        )
        for one in cuts:
            writer.append(hadoop.io.Text(one), nothing)
        writer.close()
        partitioner.setPartitionFile(configuration, path)
        job.setPartitionerClass(named(f"{LIBRARY}.partition.TotalOrderPartitioner"))


def read(file: Path) -> Records:
    """An output file: a key, a tab and a value in each line."""
    lines = file.read_text("utf-8").split("\n")[:-1]
    return tuple((line.partition("\t")[0], line.partition("\t")[2]) for line in lines)


# The questions.


def words(chance: random.Random) -> str:
    """Lines of words."""
    return "".join(" ".join(chance.choices(WORDS, k=chance.randrange(8))) + "\n" for _ in range(chance.randrange(30)))


def log(chance: random.Random) -> str:
    """Lines of a web server, most of them."""
    line = '10.0.0.{} - - [10/Oct/2000] "{} /page/{} HTTP/1.0" 200 {}\n'
    verbs = ("GET", "POST", "no verb")
    return "".join(
        line.format(i, chance.choice(verbs), chance.randrange(9), i * i) for i in range(chance.randrange(40))
    )


def pages(chance: random.Random) -> str:
    """Lines of a key and a value."""
    names = [f"page {i}" for i in range(12)]
    return "".join(f"{chance.choice(names)}\t{chance.choice(names)}\n" for _ in range(chance.randrange(40)))


def records(chance: random.Random) -> str:
    """Lines of a key and a value, the keys all different."""
    return "".join(f"{chance.randbytes(5).hex()}\t{chance.randrange(10**6)}\n" for _ in range(chance.randrange(60)))


def sorting(texts: Iterable[str], reduces: int) -> Sorted:
    """The job that sorts these, cut by their own keys; no key is cut at twice."""
    keys = [line.partition("\t")[0] for text in texts for line in text.splitlines()]
    return Sorted(cuts_of(keys, reduces) if len(keys) > reduces else tuple(map(str, range(1, reduces))))


@frozen
class Question:
    """A job for the reference, which may depend on the texts; the same for Hadoop; and what a text is made of."""

    name: str
    job: Callable[[Iterable[str], int], Job]
    classes: Classes
    text: Callable[[random.Random], str]


QUESTIONS = (
    Question("word count", lambda *_: Words(), COUNTED, words),
    Question("word count, combined", lambda *_: Words(), COMBINED, words),
    Question("URL access frequency", lambda *_: Urls(), MATCHED, log),
    Question("links turned round", lambda *_: Inverted(), TURNED, pages),
    Question("sort by ranges", sorting, COPIED, records),
)


def grouped(file: Records) -> list[tuple[Key, list[str]]]:
    """The keys of a file, in order, each with its values as a bag."""
    return [(key, sorted(str(value) for _, value in some)) for key, some in groupby(file, itemgetter(0))]


def started() -> Hadoop:
    """Hadoop's classes in a process of less than a gigabyte."""
    pyspark, gateway = import_module("pyspark"), import_module("pyspark.java_gateway")
    hadoop = Hadoop(gateway.launch_gateway(pyspark.SparkConf().set("spark.driver.memory", "500m")).jvm)
    logs = hadoop.jvm.org.apache.logging.log4j
    logs.core.config.Configurator.setRootLevel(logs.Level.ERROR)
    return hadoop


def asked(hadoop: Hadoop, question: Question) -> str:
    """How one question came out: what agrees in all rounds, or the first thing that does not."""
    files, total, again = 0, 0, 0
    for number in range(ROUNDS):
        chance = random.Random(f"{question.name} {number}")
        texts, reduces = [question.text(chance) for _ in range(chance.randint(1, 6))], chance.randint(1, 4)
        job = question.job(texts, reduces)
        ours, counted, lost = here(job, texts, reduces)
        theirs, counters = hadoop.run(job, question.classes, texts, reduces)
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if grouped(one) != grouped(other):
                return f" round {number}, file {place}:\n{grouped(one)} here,\n{grouped(other)} in Hadoop"
        if any(counted.get(counter, 0) != counters[counter] for counter in COUNTERS):
            return f" round {number}: {counted} here, {counters} in Hadoop"
        files, total, again = files + reduces, total + sum(map(len, ours)), again + lost
    return f"{files:>8}{total:>9}{again:>12}"


def main() -> None:
    """Print a table."""
    if find_spec("pyspark") is None:
        print("PySpark, whose jars have Hadoop in them, is not installed: pip install 'stackproof[oracles]'")
        return
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        print("Hadoop needs Java 17 or later, and there is none")
        return
    hadoop = started()
    print(f"{f'{ROUNDS} rounds, equal in all':24}{'files':>8}{'records':>9}{'maps again':>12}")
    for question in QUESTIONS:
        print(f"{question.name:24}{asked(hadoop, question)}")
    print("\nmaps again: rounds in which the crash cost the reference a completed map task, which it ran again.")


if __name__ == "__main__":
    main()
