"""A batch on Ray: the same requests and rows, on the machines of a cluster."""
