"""Byte-level BPE: trainer, encoder and Hugging Face `tokenizer.json` writer.

The algorithm is the one of GPT-2 (Radford et al. 2019): text is cut into words by a regular
expression, each word becomes bytes, and the most frequent neighbouring pair is merged again and
again (Sennrich et al. 2016). Only the standard library is needed.
"""

from __future__ import annotations

import collections
import heapq
import json
import re
import sys
import unicodedata
from pathlib import Path

END_OF_TEXT = "<|endoftext|>"


def _category_class(prefix: str) -> str:
    """The characters of one Unicode major category, as the inside of a `[...]` class.

    Python's `re` has no `\\p{L}`, and `\\w` also holds digits such as "½", which would make this
    encoder disagree with the JavaScript one.
    """
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(prefix):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in ranges)


def _word_pattern() -> re.Pattern[str]:
    """The GPT-2 pre-tokenizer (`ByteLevel(use_regex=True)` in Hugging Face tokenizers)."""
    letter, number = _category_class("L"), _category_class("N")
    # White space as in ECMAScript, which differs from Python's at U+FEFF and U+001C-U+001F.
    space = "\\t\\n\\v\\f\\r \\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"
    return re.compile(
        rf"'s|'t|'re|'ve|'m|'ll|'d| ?[{letter}]+| ?[{number}]+"
        rf"| ?[^{space}{letter}{number}]+|[{space}]+(?![^{space}])|[{space}]+"
    )


def _byte_alphabet() -> list[str]:
    """A printable character for every byte, as GPT-2 chose them; index = byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in kept:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return [table[b] for b in range(256)]


BYTE_ALPHABET = _byte_alphabet()


class Tokenizer:
    """Encodes and decodes with a list of merges. Id 0 is `<|endoftext|>`, 1-256 are the bytes."""

    def __init__(self, merges: list[tuple[str, str]]):
        self.merges = merges
        self.tokens = [END_OF_TEXT, *BYTE_ALPHABET, *(a + b for a, b in merges)]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.ranks = {pair: i for i, pair in enumerate(merges)}
        self._pattern = _word_pattern()
        self._byte_of = {c: b for b, c in enumerate(BYTE_ALPHABET)}
        self._cache: dict[str, list[int]] = {}

    @property
    def end_of_text(self) -> int:
        return 0

    def _encode_word(self, word: str) -> list[int]:
        parts = [BYTE_ALPHABET[b] for b in word.encode()]
        while len(parts) > 1:
            ranks = [self.ranks.get(p, 1 << 30) for p in zip(parts, parts[1:])]
            best = min(ranks)
            if best == 1 << 30:
                break
            a, b = self.merges[best]
            merged, i = [], 0
            while i < len(parts):
                if i + 1 < len(parts) and parts[i] == a and parts[i + 1] == b:
                    merged.append(a + b)
                    i += 2
                else:
                    merged.append(parts[i])
                    i += 1
            parts = merged
        return [self.ids[p] for p in parts]

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, without any special token."""
        out: list[int] = []
        cache = self._cache
        for word in self._pattern.findall(text):
            ids = cache.get(word)
            if ids is None:
                ids = cache[word] = self._encode_word(word)
            out.extend(ids)
        return out

    def decode(self, ids: list[int]) -> str:
        """Text of `ids`; `<|endoftext|>` is left out, broken UTF-8 becomes U+FFFD."""
        text = "".join(self.tokens[i] for i in ids if i != 0)
        return bytes(self._byte_of[c] for c in text).decode("utf-8", "replace")

    def to_json(self) -> dict:
        """The Hugging Face `tokenizer.json` object. A text gets `<|endoftext|>` in front."""
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                      "use_regex": True}
        start = {"SpecialToken": {"id": END_OF_TEXT, "type_id": 0}}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": 0, "content": END_OF_TEXT, "single_word": False,
                              "lstrip": False, "rstrip": False, "normalized": False,
                              "special": True}],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [start, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [start, {"Sequence": {"id": "A", "type_id": 0}},
                         {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {END_OF_TEXT: {"id": END_OF_TEXT, "ids": [0],
                                                 "tokens": [END_OF_TEXT]}},
            },
            "decoder": byte_level,
            "model": {
                "type": "BPE", "dropout": None, "unk_token": None,
                "continuing_subword_prefix": None, "end_of_word_suffix": None,
                "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                "vocab": self.ids, "merges": [list(pair) for pair in self.merges],
            },
        }

    @staticmethod
    def load(path: Path) -> "Tokenizer":
        """Reads the `tokenizer.json` that `to_json` made."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return Tokenizer([tuple(pair) for pair in data["model"]["merges"]])


def count_words(texts: list[tuple[str, int]]) -> collections.Counter[str]:
    """Word counts of `(text, weight)` pairs under the pre-tokenizer."""
    pattern, counts = _word_pattern(), collections.Counter()
    for text, weight in texts:
        for word, n in collections.Counter(pattern.findall(text)).items():
            counts[word] += n * weight
    return counts


def train(counts: collections.Counter[str], vocabulary: int) -> Tokenizer:
    """Learns merges until there are `vocabulary` tokens. Ties go to the smaller pair."""
    words = [([BYTE_ALPHABET[b] for b in w.encode()], n) for w, n in counts.items() if n > 1]
    pairs: collections.Counter[tuple[str, str]] = collections.Counter()
    where: dict[tuple[str, str], set[int]] = collections.defaultdict(set)
    for index, (parts, n) in enumerate(words):
        for pair in zip(parts, parts[1:]):
            pairs[pair] += n
            where[pair].add(index)
    heap = [(-n, pair) for pair, n in pairs.items()]
    heapq.heapify(heap)
    merges: list[tuple[str, str]] = []
    while heap and len(merges) < vocabulary - 257:
        negative, pair = heapq.heappop(heap)
        if pairs.get(pair, 0) != -negative:
            continue  # an outdated count; the current one is in the heap too
        merges.append(pair)
        changed = _merge_everywhere(pair, words, pairs, where)
        for other in changed:
            if pairs[other] > 0:
                heapq.heappush(heap, (-pairs[other], other))
    return Tokenizer(merges)


def _merge_everywhere(pair, words, pairs, where) -> set[tuple[str, str]]:
    a, b = pair
    changed: set[tuple[str, str]] = set()
    for index in where.pop(pair):
        parts, n = words[index]
        for old in zip(parts, parts[1:]):
            pairs[old] -= n
            changed.add(old)
        merged, i = [], 0
        while i < len(parts):
            if i + 1 < len(parts) and parts[i] == a and parts[i + 1] == b:
                merged.append(a + b)
                i += 2
            else:
                merged.append(parts[i])
                i += 1
        words[index] = (merged, n)
        for new in zip(merged, merged[1:]):
            pairs[new] += n
            where[new].add(index)
            changed.add(new)
    pairs.pop(pair, None)
    changed.discard(pair)
    return changed
