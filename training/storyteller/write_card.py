"""Writes the model card from cache/metrics.json, cache/onnx.json and cache/samples.json."""

from __future__ import annotations

import json
from pathlib import Path

from data import CACHE, MODEL_DIR

HEAD = """---
license: mit
language: en
library_name: transformers.js
pipeline_tag: text-generation
tags: [onnx, llama, children's stories]
---

# Storyteller

A small language model that writes children's stories in simple English. It is part of Vitrine, a
studio that runs in the browser, and was trained for it from nothing on one CPU core.

- Llama architecture: {parameters:,} parameters, 6 layers, width 256, 4 query heads × 64 with 2 key-value
  heads, SwiGLU 768, tied embeddings, context 512, RoPE; byte-level BPE of 4,096 tokens.
- Prompt: the beginning of a story, or a line `Words: dog, boat, brave` that names what should
  occur. `<|endoftext|>` (id 0) begins and ends every story; the tokenizer puts it in front.
- Trained on {tokens:.1f} million tokens: {steps:,} steps of 4,096 (Muon and Adam; warm-up–stable–decay, the
  last {decay:,} steps with the rate falling to zero). The weights are the mean of the last ones and
  their moving average, with the last norm × 0.94 (a temperature). The recipe is in `training/storyteller`.
"""

DATA = """
## Data

Every tenth document, and of the books four whole series, were held out.

| collection | share of the last phase | licence as stated by the source |
|---|---|---|
| 90 children's books from Project Gutenberg (14 held out) | 17–26 % | public domain in the USA |
| 2,873 stories written for this project (`training/storyteller/data`) | 48–56 % | CC0 |
| 2,424 TinyStories (Eldan & Li 2023) | 24–26 % | CDLA-Sharing-1.0 |
| 278 tales of FairytaleQA (Xu et al. 2022) | 1–2 % | Apache-2.0 |

The weights are under the MIT licence of the repository.
"""

METRICS = """
## Held-out bits per byte

Lower is better. Simple stories are scored from their beginning in windows of 512 tokens, books in
consecutive windows of 512 without overlap. The bits include the closing `<|endoftext|>`; bytes are
UTF-8 bytes of the text. A `Words:` line counts as given; "with headers" counts its bits and bytes too.
"Simple stories" is vitrine and tinystories together. Two numbers, the share of the moving average and
the temperature, were chosen on 80 of these stories.

| held-out set | bits/byte | with headers | bytes |
|---|---|---|---|
"""

LIMITS = """
## Limits

It knows children's stories and nothing else: no facts, no instructions, no dialogue with a user. It
loses the thread after some sentences, mixes up who is who, and invents words now and then. The
books are a hundred years old and more; dialect and the stereotypes of their time remain in
them and can surface. Positions beyond 512 do not work. The graphs use right padding: with
GroupQueryAttention positions follow from `attention_mask`, `position_ids` is accepted and ignored.

## Ten unselected samples

Seeds 0–9, temperature 0.8, top-p 0.95, at most 300 tokens; seed i continues the header line of held-out
story i.
"""


def variants(rows: list[dict]) -> str:
    """The table of ONNX files."""
    text = ("\n## Variants\n\nMeasured through the files themselves with onnxruntime-web 1.30 on"
            " WebAssembly, one thread, on a sample of the held-out sets. Speeds are per second of"
            " processor time on a Zen 5 core whose sibling was busy; after a warm-up. The sample weighs"
            " the book series equally, so its books figure is above the table's. Int8 quantises activations by tensor, so its logits depend a little on"
            " how the tokens are cut into runs.\n\n"
            "| file | bytes | bits/byte simple stories | books | logits vs PyTorch |"
            " tokens/s at 64 | at 400 | prefill of 400 |\n|---|---|---|---|---|---|---|---|\n")
    for r in rows:
        text += (f"| `onnx/{r['name']}` | {r['bytes']:,} | {r['simple']:.4f} | {r['books']:.4f} |"
                 f" {r['torch']:.1e} | {r['rate64']:.0f} | {r['rate400']:.0f} |"
                 f" {r['prefill400']:.0f} ms |\n")
    return text


def main() -> None:
    metrics, onnx, samples, run = (json.loads((CACHE / f"{n}.json").read_text())
                                   for n in ("metrics", "onnx", "samples", "run"))
    card = HEAD.format(**run) + DATA + METRICS
    order = sorted(metrics, key=lambda n: (n.count("/"), n))
    card += "".join(f"| {n} | {metrics[n]['bits_per_byte']:.3f} | {metrics[n]['with_headers']:.3f} |"
                    f" {metrics[n]['bytes']:,} |\n" for n in order)
    card += variants(onnx) + run.get("note", "") + LIMITS
    for s in samples:
        body = (s["prompt"] + s["text"] + ("" if s["finished"] else " […]")).strip()
        card += f"\n**Seed {s['seed']}**\n\n" + "\n".join(f"> {l}".rstrip() for l in body.split("\n")) + "\n"
    Path(MODEL_DIR / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
