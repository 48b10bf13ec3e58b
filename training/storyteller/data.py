"""Reads the story collections, splits them, adds `Words:` headers, and encodes them.

`python3 data.py` builds the tokenizer (once) and the token cache that training reads.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import hashlib
import json
import math
import random
import re
from pathlib import Path

import numpy as np

import bpe

HERE = Path(__file__).resolve().parent
CACHE = HERE / "cache"
MODEL_DIR = HERE.parents[1] / "static" / "models" / "storyteller"
SHARED = HERE.parents[2] / "shared" / "data" / "stories"
VOCABULARY = 4096

# Books held out as whole series (about a tenth of the bytes); matched by proper names that only
# the series uses, so that the order of the file does not matter: (series, names, least count).
HELD_OUT_SERIES = (
    ("Curlytops", ("Trouble", "Janet"), 40),
    ("Uncle Wiggily", ("Uncle Wiggily",), 40),
    ("Fillmore's Slavic and Finnish tales", ("Yezibaba", "Mikko", "Janko"), 5),
    ("Dutch fairy tales", ("Klaas",), 5),
)


def documents(path: Path) -> list[str]:
    """The texts of a collection whose members are separated by a line `<|endoftext|>`."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        text = file.read()
    # One collection has apostrophes that were decoded wrongly ("couldn"™t"); curly quotes are rare.
    plain = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
    text = re.sub("[\"“]™", "'", text).translate(plain)
    found = (d.strip() for d in text.split(bpe.END_OF_TEXT))
    return [d for d in found if d]


def series_of(book: str) -> str | None:
    """The held-out series that a book belongs to, or None."""
    for series, names, least in HELD_OUT_SERIES:
        counts = [len(re.findall(rf"\b{name}\b", book)) for name in names]
        if series == "Curlytops":
            if min(counts) >= least:
                return series
        elif max(counts) >= least:
            return series
    return None


def shingles(text: str, size: int = 10) -> set[int]:
    """Hashes of all runs of `size` words, letter case and punctuation ignored."""
    words = re.findall(r"[a-z]+", text.lower())
    return {hash(tuple(words[i : i + size])) for i in range(len(words) - size + 1)}


def overlap(text: str, known: set[int]) -> float:
    """Share of the text's ten-word runs that `known` holds, 0-1."""
    own = shingles(text)
    return len(own & known) / max(1, len(own))


class HeaderWriter:
    """Chooses two to four salient words of a story, the way vitrine's headers look.

    Salience is tf-idf among words that some hand-written header uses.
    """

    def __init__(self, with_headers: list[str], plain: list[str]):
        self.allowed = collections.Counter(
            word
            for text in with_headers
            for word in text.split("\n", 1)[0].removeprefix("Words: ").split(", ")
        )
        self.document_frequency = collections.Counter(
            word for text in plain for word in set(re.findall(r"[a-z]+", text))
        )
        self.total = max(1, len(plain))

    def header(self, text: str) -> str | None:
        """`Words: a, b, c`, or None when fewer than two words qualify. Depends on `text` only."""
        counts = collections.Counter(re.findall(r"[a-z]+", text))
        scores = {
            word: (1 + math.log(n)) * math.log(self.total / self.document_frequency[word])
            for word, n in counts.items()
            if len(word) > 2 and self.allowed[word] and self.document_frequency[word]
        }
        random_source = random.Random(stable_hash(text))
        best = sorted(scores, key=lambda w: (-scores[w], w))[: random_source.choice((2, 3, 3, 4))]
        random_source.shuffle(best)
        return f"Words: {', '.join(best)}" if len(best) >= 2 else None

    def apply(self, text: str) -> str:
        """The text with a header if its hash says so (half of all texts)."""
        if text.startswith("Words: ") or stable_hash(text) % 2:
            return text
        header = self.header(text)
        return f"{header}\n{text}" if header else text


def stable_hash(text: str) -> int:
    """A number of 48 bits that is the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def split_simple(texts: list[str]) -> tuple[list[str], list[str]]:
    """(train, held out): every tenth document, counting from the tenth, is held out."""
    return [t for i, t in enumerate(texts) if i % 10 != 9], texts[9::10]


def load_sets(shared: Path) -> dict[str, list[str]]:
    """All sets by name: `train/...` and `held/...`; missing collections are left out."""
    sets: dict[str, list[str]] = {}
    vitrine = documents(HERE / "data" / "vitrine.txt.gz")
    sets["train/vitrine"], sets["held/vitrine"] = split_simple(vitrine)
    if not (shared / "books.txt.gz").exists():
        return sets
    books = documents(shared / "books.txt.gz")
    sets["train/books"] = [b for b in books if series_of(b) is None]
    for series, _, _ in HELD_OUT_SERIES:
        sets[f"held/books/{series}"] = [b for b in books if series_of(b) == series]
    held = set().union(*(shingles(b) for b in books if series_of(b)))
    seen = set().union(*(shingles(b) for b in sets["train/books"]))
    for index, book in enumerate(sets["train/books"]):
        share = overlap(book, held)
        if share > 0.01:
            print(f"training book {index} ({book[:40]!r}) shares {share:.1%} with held-out books")
    tiny, tales = (documents(shared / f"{n}.txt.gz") for n in ("tinystories", "fairytaleqa"))
    writer = HeaderWriter(sets["train/vitrine"], tiny)
    sets["train/tinystories"], sets["held/tinystories"] = (
        [writer.apply(t) for t in part] for part in split_simple(tiny)
    )
    train_tales, held_tales = split_simple(tales)
    kept = [t for t in train_tales if overlap(t, held) < 0.02]
    sets["train/fairytaleqa"] = [writer.apply(t) for t in kept]
    # Tales that the training books contain would make the held-out figure too good.
    sets["held/fairytaleqa"] = [t for t in held_tales if overlap(t, seen) < 0.02]
    print(f"fairytaleqa: {len(train_tales) - len(kept)} of {len(train_tales)} training tales dropped,"
          f" {len(sets['held/fairytaleqa'])} of {len(held_tales)} held-out tales kept")
    return sets


def build_tokenizer(sets: dict[str, list[str]]) -> bpe.Tokenizer:
    """Trains on the training sets, simple stories counted four times."""
    texts = [(t, 1 if name.endswith("books") else 4)
             for name, group in sets.items() if name.startswith("train/") for t in group]
    return bpe.train(bpe.count_words(texts), VOCABULARY)


def write_cache(sets: dict[str, list[str]], tokenizer: bpe.Tokenizer, folder: Path) -> dict:
    """Writes `<set>.npz` (tokens uint16, starts int64) for training and JSON for held-out sets."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = {}
    for name, group in sets.items():
        encoded = [[0, *tokenizer.encode(t)] for t in group]
        starts = np.cumsum([0, *(len(e) for e in encoded)])
        tokens = np.fromiter((i for e in encoded for i in e), dtype=np.uint16, count=starts[-1])
        lengths = [len(t.encode()) for t in group]
        path = folder / (name.replace("/", "__").replace(" ", "_") + ".npz")
        headers = [len(t.split("\n", 1)[0].encode()) + 1 if t.startswith("Words: ") else 0
                   for t in group]
        header_tokens = [len(tokenizer.encode(t[:h])) for t, h in zip(group, headers)]
        np.savez(path, tokens=tokens, starts=starts, bytes=lengths, header_bytes=headers,
                 header_tokens=header_tokens)
        summary[name] = {"documents": len(group), "bytes": sum(lengths), "tokens": int(starts[-1])}
    (folder / "summary.json").write_text(json.dumps(summary, indent="\t"))
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the collections")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--tokenizer", type=Path, default=MODEL_DIR / "tokenizer.json")
    parser.add_argument("--new-tokenizer", action="store_true", help="train it even if it exists")
    options = parser.parse_args()
    sets = load_sets(options.shared)
    if options.new_tokenizer or not options.tokenizer.exists():
        tokenizer = build_tokenizer(sets)
        options.tokenizer.parent.mkdir(parents=True, exist_ok=True)
        options.tokenizer.write_text(
            json.dumps(tokenizer.to_json(), ensure_ascii=False, indent="\t") + "\n", encoding="utf-8")
    tokenizer = bpe.Tokenizer.load(options.tokenizer)
    for name, row in write_cache(sets, tokenizer, options.cache).items():
        print(f"{name:45} {row['documents']:5} documents {row['bytes']:9} bytes {row['tokens']:8} tokens"
              f" {row['bytes'] / row['tokens']:.2f} bytes/token")


if __name__ == "__main__":
    main()
