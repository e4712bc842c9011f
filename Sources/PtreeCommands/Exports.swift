@_exported public import ProcessTreeTopologies
