"""What may go wrong in a pipeline.

::

    PipelineError
    ├── TableProblem(ValueError)     a table that cannot be learned from
    ├── RecipeProblem(ValueError)    a feature step that does not fit the table
    ├── FoldProblem(ValueError)      a split that the rows do not allow
    ├── SearchProblem(ValueError)    a search space or a study that cannot be run
    └── TrackingProblem(RuntimeError) a run that cannot be found or written
"""


class PipelineError(Exception):
    """Anything a user of the pipelines can put right."""


class TableProblem(PipelineError, ValueError):
    """A table that cannot be learned from."""


class RecipeProblem(PipelineError, ValueError):
    """A feature step that does not fit the table, or is written wrongly."""


class FoldProblem(PipelineError, ValueError):
    """A validation split that the rows do not allow."""


class SearchProblem(PipelineError, ValueError):
    """A search space or a study that cannot be run."""


class TrackingProblem(PipelineError, RuntimeError):
    """A run that cannot be found or written."""
