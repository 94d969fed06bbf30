"""The lowering that only these machines need: signs, words, whole numbers, cores and STDP."""
