"""The Train page: choose art and a look, watch a model learn, keep what it became."""
