@_exported public import ProcessTree
@_exported public import ProcessTreeStages
