"""Run by the interpreter of the clients' virtualenv: tiny classifiers on disk, made at random, and what Quality makes of them. Prints JSON.

python conversation_client.py FOLDER           makes FOLDER/two (two classes), FOLDER/one (one output), FOLDER/three
python conversation_client.py FOLDER check     and tries them
"""

import json
import sys
import threading
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast


def make(folder):
    torch.manual_seed(7)
    tokens = ["[PAD]", "[UNK]", *map(chr, range(33, 127))]
    tokenizer = Tokenizer(models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64)
    for name, classes in (("one", 1), ("two", 2), ("three", 3)):
        config = DistilBertConfig(
            vocab_size=len(tokens), dim=16, hidden_dim=32, n_layers=1, n_heads=2, max_position_embeddings=64, num_labels=classes
        )
        DistilBertForSequenceClassification(config).save_pretrained(folder / name)
        fast.save_pretrained(folder / name)


def check(folder):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from transformers import pipeline

    from sandbox.adapters.conversation import Quality
    from sandbox.words.errors import ConfigurationError

    long = "one two three four five six seven eight nine ten eleven"
    texts = [f"{'. ' * number}the answer number {number} is {chr(65 + number)}" for number in range(9)]
    facts = {}

    quality = Quality(str(folder / "two"), batch=4)
    quality.check()
    facts["loaded by check"] = quality._loaded is not None
    found = quality.qualities(texts)
    facts["batches of nine by four"] = quality.batches
    scorer = pipeline("text-classification", model=str(folder / "two"))
    for one, text in zip(found, texts, strict=True):
        said = scorer(text)[0]
        assert abs(one - (said["score"] if said["label"] == "LABEL_1" else 1 - said["score"])) < 1e-4
    single = Quality(str(folder / "one"), device="cpu").qualities(texts)
    sigmoid = pipeline("text-classification", model=str(folder / "one"))
    assert all(abs(one - sigmoid(text)[0]["score"]) < 1e-4 for one, text in zip(single, texts, strict=True))

    given = quality([f"hi{long}", "hi short", None], ["hi", "hi", None], [None] * 3)
    facts["rewards"] = given["rewards"].tolist()
    facts["plain"] = [quality.qualities([text])[0] for text in (f"hi{long}", "hi short", "")]
    facts["scores"] = given["scores"].tolist()
    facts["logs"] = {key: value.tolist() for key, value in given["extra_logs"].items()}
    facts["dtypes"] = sorted({str(value.dtype) for value in (given["rewards"], given["scores"], *given["extra_logs"].values())})
    assert abs(quality.qualities(["x " * 5000 + "y"])[0] - quality.qualities(["x " * 63 + "y"])[0]) < 1e-6  # the end counts

    slow = Quality(str(folder / "two"), batch=16)
    compute = slow._qualities_of
    slow._qualities_of = lambda batch: (time.sleep(0.2), compute(batch))[1]
    answers = {}
    threads = [threading.Thread(target=lambda text=text: answers.update({text: slow([text], [""], [""])})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    facts["batches of nine threads"] = slow.batches
    facts["threads agree"] = all(
        abs(answers[text]["extra_logs"]["avg_quality"].item() - one) < 1e-4 or len(text.split()) < 10
        for one, text in zip(found, texts, strict=True)
    )

    picky = Quality(str(folder / "two"), batch=4)
    compute_one = picky._qualities_of

    def refuse(batch):
        if any("7" in text for text in batch):
            raise ValueError("seven")
        return compute_one(batch)

    picky._qualities_of = refuse
    given = picky(texts[:7], [""] * 7)
    facts["one failure costs only its call"] = given["extra_logs"]["internal_error"].tolist()
    waiting = {}
    threads = [threading.Thread(target=lambda text=text: waiting.update({text: picky([text])})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    facts["failures of nine threads"] = sum(one["extra_logs"]["internal_error"].item() for one in waiting.values())

    missing = Quality(str(folder / "none"))
    lost = missing(["a"], ["a"], ["a"])
    facts["lost"] = [lost["rewards"].item(), lost["extra_logs"]["internal_error"].item(), list(lost["extra_logs"])]
    refused = []
    for wrong in (missing, Quality(str(folder / "three"), good="GOOD"), Quality(str(folder / "three"), good=3)):
        try:
            wrong.check()
        except ConfigurationError as error:
            refused.append(str(error))
    facts["refused"] = len(refused)
    facts["third class"] = len(Quality(str(folder / "three"), good=2).qualities(["a"]))
    print(json.dumps(facts))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
    if sys.argv[2:] == ["check"]:
        check(Path(sys.argv[1]))
