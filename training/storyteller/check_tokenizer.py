"""Prints JSON `[{text, ids}]` for check_hub.mjs: hard cases, and documents of the collections."""

import json
import sys

import bpe
import data

HARD = [
    "Words: dog, boat, brave\nOnce upon a time",
    "Don't you'll we've I'M it's 'tis 'S",
    "  two  spaces\tand tabs \n\n\n lines \r\n end   ",
    "naïve café — “quoted” … ½ x² Ⅷ 12,345.67",
    "日本語 кириллица עברית 👩‍👩‍👧 e\u0301",
    "a\u00a0b\u3000c\ufeffd\u200be_f__g",
    "!!!??--\"'\"",
    "",
]


def main() -> None:
    tokenizer = bpe.Tokenizer.load(data.MODEL_DIR / "tokenizer.json")
    texts = [*HARD, *data.documents(data.HERE / "data" / "vitrine.txt.gz")[:200]]
    for name in ("tinystories", "fairytaleqa"):
    	path = data.SHARED / f"{name}.txt.gz"
    	texts += data.documents(path)[:50] if path.exists() else []
    json.dump([{"text": t, "ids": tokenizer.encode(t)} for t in texts], sys.stdout)


if __name__ == "__main__":
    main()
