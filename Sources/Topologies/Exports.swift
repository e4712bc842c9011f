@_exported public import Pipelines
@_exported public import ProcessTree
