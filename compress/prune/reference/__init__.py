"""The llmlingua package (Microsoft, MIT) behind one adapter, to compare with: the only place that imports it.

Its algorithm is left as it is; only what keeps it from running with this set-up, or reaches beyond it, is mended, by
subclasses: no download of an encoding, any device, transformers 5, no global seed, no code of a model's own, a model's
kind by its config. It hands out numbers and offsets into the source instead of strings.
"""
