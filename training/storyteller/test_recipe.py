"""Smoke tests of the recipe, under half a minute: `python3 -m unittest` in this folder."""

from __future__ import annotations

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch

import bpe
import data
import export_gguf
import export_onnx
import train
from model import Shape, Storyteller, rope_tables, rotate
from quantise import blocks, int8_rows

TINY = train.CONFIGS["tiny"].shape


def tiny_model() -> Storyteller:
    """Random weights everywhere, so that nothing is zero by construction."""
    model = Storyteller(TINY).initialise(3)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.empty_like(p).normal_(0, 0.05, generator=generator))
    return model


class TokenizerTest(unittest.TestCase):
    def test_round_trip_of_hard_text(self):
        tokenizer = bpe.Tokenizer.load(data.MODEL_DIR / "tokenizer.json")
        text = "Don't  \n\n stop½ naïve — “ok” 12,3\u00a0\ttail   "
        self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)

    def test_merges_follow_frequency(self):
        tokenizer = bpe.train(bpe.count_words([("low low low lower lowest", 2)]), 257 + 3)
        self.assertEqual(tokenizer.merges[:2], [("l", "o"), ("lo", "w")])


class GradientTest(unittest.TestCase):
    def test_hand_written_gradients_equal_autograd(self):
        from fast import FastStep
        model = tiny_model()
        generator = torch.Generator().manual_seed(5)
        ids = torch.randint(0, TINY.vocabulary, (3, 49), generator=generator)
        x, y = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
        step = FastStep(model)
        loss = step.accumulate(x, y, 1 / x.numel()) / x.numel()
        by_hand = [p.grad.clone() for p in model.parameters()]
        for p in model.parameters():
            p.grad = None
        expected = model.loss(x, y)
        expected.backward()
        self.assertAlmostEqual(loss, expected.item(), delta=2e-3)
        for (name, p), g in zip(model.named_parameters(), by_hand):
            error = ((g - p.grad).norm() / p.grad.norm()).item()
            self.assertLess(error, 0.03, name)  # bfloat16 has 8 bits


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        texts = data.documents(data.HERE / "data" / "vitrine.txt.gz")[:60]
        train_texts, held = data.split_simple(texts)
        tokenizer = bpe.Tokenizer.load(data.MODEL_DIR / "tokenizer.json")
        data.write_cache({"train/vitrine": train_texts, "held/vitrine": held}, tokenizer,
                         cls.folder / "cache")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def run_training(self, name: str, steps: int, *more: str) -> train.Trainer:
        return train.main(["--config", "tiny", "--cache", str(self.folder / "cache"),
                           "--checkpoints", str(self.folder / name), "--steps", str(steps),
                           "--validate-every", "1000", *more])

    def test_loss_falls_and_a_resumed_run_is_the_same(self):
        whole = self.run_training("whole", 20)
        self.run_training("parts", 12)
        resumed = self.run_training("parts", 20)
        for a, b in zip(whole.model.parameters(), resumed.model.parameters()):
            self.assertTrue(torch.equal(a, b))
        first = train.Trainer(whole.options).step()
        self.assertLess(whole.step(), first - 1.0)

    def test_decay_ends_at_rate_zero(self):
        self.run_training("stable", 4)
        stable = self.folder / "stable" / "latest.pt"
        release = self.run_training("stable", 0, "--decay-from", str(stable), "--decay-steps", "3")
        self.assertEqual(release.step_index, 7)
        self.assertEqual(release.rate(), 0.0)
        self.assertTrue((self.folder / "stable" / "release.pt").exists())


class ExportTest(unittest.TestCase):
    def test_primitive_graph_is_valid_standard_onnx(self):
        model = export_onnx.primitive_graph(tiny_model()).model(17, contrib=False)
        onnx.checker.check_model(model, full_check=True)
        self.assertEqual({n.domain for n in model.graph.node}, {""})

    def test_fused_graphs_have_the_interface(self):
        for weights in (export_onnx.Weights(), export_onnx.Int8Weights(), export_onnx.Int4Weights()):
            graph = export_onnx.fused_graph(tiny_model(), weights).model(17, contrib=True).graph
            made = {o for n in graph.node for o in n.output}
            self.assertTrue({o.name for o in graph.output} <= made)
            self.assertIn("past_key_values.1.value", {i.name for i in graph.input})

    def test_quantisation_errors_are_small(self):
        w = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32)
        q, scale = int8_rows(w)
        self.assertLess(np.abs(q * scale[:, None] - w).max(), 0.05)
        packed, scales = blocks(w, 4)
        nibbles = np.stack((packed & 15, packed >> 4), -1).reshape(8, 2, 32).astype(int) - 8
        error = (nibbles * scales[..., None]).reshape(8, 64) - w
        self.assertLess(np.sqrt((error**2).mean()), 0.12)

    def test_gguf_rotation_gives_the_same_scores(self):
        """Interleaved rotation of reordered rows = half rotation of the rows, up to their order."""
        random = np.random.default_rng(1)
        w, x = random.normal(size=(64, 16)), random.normal(size=(5, 16))
        cos, sin = (t.numpy() for t in rope_tables(Shape(), 5))
        plain = rotate(torch.tensor(x @ w.T), torch.tensor(cos), torch.tensor(sin)).numpy()
        y = x @ export_gguf.interleave(w, 1).T
        even, odd = y[:, 0::2], y[:, 1::2]
        interleaved = np.concatenate((even * cos - odd * sin, odd * cos + even * sin), 1)
        self.assertLess(np.abs(plain - interleaved).max(), 1e-6)

    def test_gguf_file_has_every_tensor(self):
        model, tokenizer = tiny_model(), bpe.Tokenizer.load(data.MODEL_DIR / "tokenizer.json")
        for kind in export_gguf.TENSOR_TYPES:
            content = export_gguf.gguf(model, tokenizer, kind)
            self.assertEqual(content[:4], b"GGUF")
            self.assertIn(b"blk.1.ffn_down.weight", content)


if __name__ == "__main__":
    unittest.main()
