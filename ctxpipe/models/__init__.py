"""Models and where they come from: the cache, the Hub, the package index, ONNX exports, tokenizers."""
