"""An adapter for the llmlingua package (Microsoft, MIT), for comparison: the only place that imports it.

Its algorithm is unchanged. Subclasses fix only what stops it from running here or has side effects: no download of an
encoding, any device, transformers 5, no global seed, no remote code, a model's type from its config. It returns numbers
and offsets into the source instead of strings.
"""
