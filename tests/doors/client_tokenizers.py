"""Real tokenizers without a download, for scripts that the clients' interpreter runs."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>"]


def byte_level():
    """Like Qwen's and Llama 3's: every byte a token, decoding gives the text back."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return finished(tokenizer)


def metaspace():
    """Like Llama 2's and CodeLlama's: blanks are marks, and decoding changes them around special tokens."""
    characters = ["▁", "<unk>", *map(chr, range(32, 127)), "\n"]
    tokenizer = Tokenizer(
        models.BPE(vocab={token: number for number, token in enumerate(characters)}, merges=[], unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return finished(tokenizer)


def finished(tokenizer):
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)
    fast.add_special_tokens({"additional_special_tokens": SPECIAL})
    return fast
