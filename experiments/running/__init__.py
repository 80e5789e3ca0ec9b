"""Running an experiment, from its file to the result: the study, its workers, its pages."""
