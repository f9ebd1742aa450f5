"""Chance that is no chance: the numbers that Spark draws, as functions of a seed.

A sample must come out the same when a lost partition is recomputed, so its draws are part of the lineage. The generator
is the Mersenne Twister (Matsumoto and Nishimura, ACM TOMACS 8(1), 1998), seeded as Python seeds it, and each partition
draws from a stream of its own, as in PySpark: the seed xor the partition's number, ten draws thrown away. Samples with
replacement count by Knuth's algorithm for Poisson numbers (The Art of Computer Programming, volume 2, 3.4.1).

Round-robin begins where Spark's own generator says: xorshift (Marsaglia, Journal of Statistical Software 8(14), 2003),
seeded by MurmurHash3 and asked as java.util.Random is for a number below a bound.
"""

from collections.abc import Iterator
from itertools import islice
from math import exp, log

N, M = 624, 397
UPPER, LOWER, MATRIX = 0x80000000, 0x7FFFFFFF, 0x9908B0DF
WORD = (1 << 32) - 1
THROWN_AWAY = 10
MANY = 20.0
LONG = (1 << 64) - 1
ARRAY_SEED = 0x3C074A61


def seeded(seed: int) -> list[int]:
    """The state of the twister for a seed: its words, mixed in."""
    words = [seed >> shift & WORD for shift in range(0, max(seed.bit_length(), 1), 32)]
    state = [19650218]
    for i in range(1, N):
        state.append(1812433253 * (state[-1] ^ state[-1] >> 30) + i & WORD)
    i, j = 1, 0
    for _ in range(max(N, len(words))):
        state[i] = (state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) * 1664525) + words[j] + j & WORD
        i, j = i + 1, (j + 1) % len(words)
        if i == N:
            state[0], i = state[N - 1], 1
    for _ in range(N - 1):
        state[i] = (state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) * 1566083941) - i & WORD
        i += 1
        if i == N:
            state[0], i = state[N - 1], 1
    state[0] = UPPER
    return state


def twister(seed: int) -> Iterator[int]:
    """Words of 32 bits, for ever."""
    state = seeded(abs(seed))
    while True:
        for i in range(N):
            y = state[i] & UPPER | state[(i + 1) % N] & LOWER
            state[i] = state[(i + M) % N] ^ y >> 1 ^ (MATRIX if y & 1 else 0)
            yield tempered(state[i])


def tempered(y: int) -> int:
    """A word of the state as it is given out."""
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C5680
    y ^= y << 15 & 0xEFC60000
    return y ^ y >> 18


def uniform(seed: int, partition: int) -> Iterator[float]:
    """The numbers in [0, 1) that a partition draws."""
    words = twister(seed ^ partition)
    for _ in range(THROWN_AWAY):
        next(word for word in words if word >> 30 <= 1)
    while True:
        high, low = islice(words, 2)
        yield ((high >> 5) * 67108864 + (low >> 6)) / 9007199254740992


def poisson(draws: Iterator[float], mean: float) -> int:
    """How often an element is taken that is taken `mean` times on average."""
    count = 0
    if mean < MANY:
        product, least = next(draws), exp(-mean)
        while product > least:
            count, product = count + 1, product * next(draws)
        return count
    waited = -log(1 - next(draws)) / mean
    while waited < 1:
        count, waited = count + 1, waited - log(1 - next(draws)) / mean
    return count


def first_bucket(partition: int, buckets: int) -> int:
    """What Spark's XORShiftRandom, seeded with a partition's number, draws below `buckets`."""
    low = murmur(partition, ARRAY_SEED)
    state = murmur(partition, low) << 32 | low
    while True:
        state ^= state << 21 & LONG
        state ^= state >> 35
        state ^= state << 4 & LONG
        drawn = state & WORD >> 1
        if buckets & buckets - 1 == 0:
            return buckets * drawn >> 31
        if drawn - drawn % buckets + buckets - 1 < 1 << 31:
            return drawn % buckets


def murmur(number: int, seed: int) -> int:
    """MurmurHash3 of the eight bytes of a number, the highest first."""
    value = seed
    for word in (int.from_bytes((number >> shift & WORD).to_bytes(4), "little") for shift in (32, 0)):
        mixed = rotated(word * 0xCC9E2D51 & WORD, 15) * 0x1B873593 & WORD
        value = rotated(value ^ mixed, 13) * 5 + 0xE6546B64 & WORD
    value ^= 8
    value = (value ^ value >> 16) * 0x85EBCA6B & WORD
    value = (value ^ value >> 13) * 0xC2B2AE35 & WORD
    return value ^ value >> 16


def rotated(word: int, bits: int) -> int:
    """A word of 32 bits turned left."""
    return (word << bits | word >> 32 - bits) & WORD
