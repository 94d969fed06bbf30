"""Codes about recipes (E1xx, E2xx) and weight files (E4xx): title, text and example of each."""

from __future__ import annotations

INPUT_TEXTS: dict[str, tuple[str, str, str]] = {
    "E101": (
        "The recipe does not exist or cannot be read",
        "No file of this name was found, or its permissions do not allow reading. Paths are relative to\n"
        "the current folder, not to that of another recipe.",
        "sal-hw check recipes/two_neuron.yaml",
    ),
    "E102": (
        "Not a regular file",
        "A recipe is read from a regular file. Folders, pipes and devices are refused, because a recipe\n"
        "must be readable again later to repeat the run.",
        "sal-hw run recipes/two_neuron.yaml",
    ),
    "E103": (
        "The recipe is empty",
        "The file has no content, or nothing but comments.",
        "recipe: 1\nname: my_study",
    ),
    "E104": (
        "Not UTF-8 text",
        "Recipes are UTF-8 text without control characters. A byte-order mark at the start is fine.\n"
        "Save the file as UTF-8 in the editor, and retype text that was copied from elsewhere.",
        "iconv -f latin1 -t utf-8 old.yaml > new.yaml",
    ),
    "E105": (
        "Too large or too deep",
        "A recipe has at most 1 MiB, 20 levels and 100000 values, so that reading it is always quick.\n"
        "Large tables belong in .npy files beside the recipe.",
        "weight: {file: weights.npy}",
    ),
    "E106": (
        "Not readable as YAML",
        "The text breaks the syntax of YAML at this place, or just before it. Frequent causes are tabs,\n"
        "wrong indentation, an open bracket or quote, and unquoted text with ': ' in it.",
        'description: "alignment: both sides learn"',
    ),
    "E107": (
        "Several documents in one file",
        "A line '---' begins a second document. One file is one recipe, so that a run names it\nuniquely.",
        "Put the second document into a file of its own.",
    ),
    "E108": (
        "A key is given twice",
        "Most readers of YAML silently take the last one. Here neither is taken, since one of them is a\nmistake.",
        "Remove one of the two lines.",
    ),
    "E109": (
        "Anchor, alias or merge key",
        "&name, *name and << can hide where a value comes from and can make a small file enormous. To\n"
        "use a value twice, give it a name under parameters.",
        "parameters:\n  rate: 0.01\n...\nlearning_rate: $rate",
    ),
    "E110": (
        "A tag of YAML",
        "Tags such as !!float or !include ask the reader to build objects or to read other files; none\nare allowed.",
        "learning_rate: 1e-3",
    ),
    "E111": (
        "A value that readers of YAML understand differently",
        "010 is 8 or 10, 12:30 is a text or 750, 1_000 is a text or 1000, 2020-01-01 is a text or a\n"
        "date. Write plain decimal numbers, and put text in quotes.",
        'size: 10\ndescription: "12:30"',
    ),
    "E112": (
        "The recipe is not a mapping",
        "The top level of a recipe is a mapping from keys to values, not a list or a single value.",
        "recipe: 1\nname: my_study",
    ),
    "E201": (
        "Unknown key",
        "No key of this name is legal here. It may be misspelt, belong to another section, or be\n"
        "indented wrongly. Unknown keys are never ignored, since an ignored setting gives a wrong\n"
        "result without an error.",
        "The hint names the closest key, or the section that the key belongs to.",
    ),
    "E202": (
        "A required key is missing",
        "The place named is the mapping that lacks the key. There is no default, because any would be a\nguess.",
        "timestep: 0.1 ms",
    ),
    "E203": (
        "Wrong type of value",
        "For example text where a number is due, 1.5 where a count is due, or yes instead of true.",
        "size: 7\nenabled: true",
    ),
    "E204": (
        "Unknown choice",
        "The value is none of the words that are legal here; the message lists them.",
        "window: triangular",
    ),
    "E205": (
        "A unit is missing",
        "Physical quantities carry their unit; none is ever guessed. Weights and drives of lif neurons\nare in mV.",
        "tau_ref: 10 ms\nweight: 1.5 mV",
    ),
    "E206": (
        "Wrong or unknown unit",
        "The unit is not known, is of another kind than the quantity (mV for a time), or stands where\n"
        "numbers have none: weights and biases of sampling neurons are log-odds without a unit. Case\n"
        "counts: ms, not MS.",
        "update_every: 600 ms",
    ),
    "E207": (
        "Not a finite number",
        "NaN and infinity are refused everywhere: a run that begins with them ends with them.",
        "Leave a limit out instead of writing .inf.",
    ),
    "E208": (
        "Illegal name",
        "Names begin with a letter and go on with letters, digits, '_' and '-', at most 64 characters\n"
        "in all, because they become names of files, columns and figures.",
        "name: layer_1",
    ),
    "E209": (
        "Unknown or unused parameter",
        "$name stands for a value under parameters. A reference to none, or a parameter that nothing\n"
        "refers to, is most likely misspelt. Text that begins with a dollar sign is written with two of\n"
        "them.",
        "parameters:\n  rate: 0.01\n...\nlearning_rate: $rate",
    ),
    "E210": (
        "Unknown version of the recipe format",
        "The first line of a recipe names the version of its format. A newer one needs a newer sal-hw.",
        "recipe: 1",
    ),
    "E211": (
        "Unknown preset",
        "A preset is a named set of values in the recipe, chosen on the command line.",
        "sal-hw run recipes/sampling.yaml --preset full",
    ),
    "E212": (
        "A --set or a preset's path that leads nowhere",
        "A value is set by path=value. A path has keys with dots between them, list entries by index or\n"
        "name, and values as in the recipe, with unit.",
        'sal-hw run R.yaml --set "projections.recurrent.weight_max=2" --set "experiment.duration=10 s"',
    ),
    "E214": (
        "Outside the allowed range",
        "The message says the range, its unit and where it comes from; the hint names the nearest legal\nvalue.",
        "learning_rate: 0.01",
    ),
    "E215": (
        "Not a multiple of a time step",
        "Targets step through model time, so times are whole numbers of steps; a duration is a whole\n"
        "number of weight updates. Rounding would change the experiment without a word.",
        "timestep: 0.2 ms\ntau_ref: 10 ms",
    ),
    "E216": (
        "A name that nothing has",
        "A population or projection is referred to that the recipe does not have.",
        "The hint names the closest one.",
    ),
    "E217": (
        "A name is used twice",
        "Results are kept by the names of the recipe, so each name stands for one thing in its section.",
        "Rename one of the two.",
    ),
    "E218": (
        "Projections are not reciprocal",
        "Alignment compares two synapses between the same two neurons. If the forward projection goes\n"
        "from a to b, the backward one goes from b to a with the same connectivity. Wake-sleep needs a\n"
        "recurrent projection.",
        "forward: {source: a, target: b}\nbackward: {source: b, target: a}",
    ),
    "E219": (
        "Wrong shape of a table",
        "Weights have one row for each pre neuron and one column for each post neuron; biases one\n"
        "number for each neuron. The usual causes are a transposed matrix and a population whose size\n"
        "was changed.",
        "weight: [[1, 2, 3], [4, 5, 6]]  # from 2 neurons to 3",
    ),
    "E220": (
        "Wrong sign for the receptor",
        "Excitatory weights are 0 or more, inhibitory weights 0 or less, also where learning may take\nthem.",
        "receptor: signed",
    ),
    "E221": (
        "Too many numbers",
        "At most 4096 numbers stand in a table of the recipe, and 2^28 synapses in a dense projection.",
        "weight: {file: weights.npy}",
    ),
    "E222": (
        "Does not fit the neuron model",
        "For example the joint states of lif neurons or the membrane potential of sampling neurons.",
        "neuron: {model: sampling, tau_ref: 10 ms}",
    ),
    "E223": (
        "Seed out of range",
        "Seeds are whole numbers from 0 to 18446744073709551615 (64 bit).",
        "seed: 42",
    ),
    "E224": (
        "The experiment does not fit the network",
        "align needs an enabled sal rule; train_distribution needs one enabled wake_sleep rule on at\n"
        "most 20 sampling neurons, and all enabled rules with the same update_every.",
        "experiment: {kind: align, duration: 900 s}",
    ),
    "E225": (
        "A study has no network",
        "Experiments such as spike_timing have an engine of their own. Their recipes have neither populations\n"
        "nor a timestep, and what such a recipe says of a network would have no effect.",
        "recipe: 1\nname: my_study\nseed: 1\nexperiment: {kind: spike_timing, ...}",
    ),
    "E401": (
        "A weight file is missing or cannot be read",
        "Files are looked for below the folder of the recipe, not below the current folder.",
        "weight: {file: data/weights.npy}",
    ),
    "E402": (
        "A weight file outside the recipe's folder",
        "Absolute paths, '..' and links that leave the folder are refused: a recipe with its folder is\ncomplete.",
        "cp /elsewhere/weights.npy data/",
    ),
    "E403": (
        "Wrong format of a weight file",
        "Only .npy and .npz files that NumPy can read without pickle are accepted; pickled objects can\nrun code.",
        'numpy.save("weights.npy", weights.astype(float))',
    ),
    "E404": (
        "Wrong type of numbers in a weight file",
        "Accepted are float64, float32 and whole numbers; not booleans, complex numbers, text, objects\nor records.",
        "weights.astype(float)",
    ),
    "E405": (
        "Wrong shape of a weight file",
        "The array must have exactly the shape (pre, post) of the projection, or one number for each\n"
        "neuron. Edge lists have the equally long arrays pre, post and weight, each synapse once.",
        'numpy.save("weights.npy", weights.T)',
    ),
    "E406": (
        "Numbers in a weight file are not finite",
        "NaN and infinity are refused: a run that begins with them ends with them.",
        "numpy.nan_to_num(weights)",
    ),
}
