// Values of the lower layers that are part of the public API. Everything else down there is
// `package`, so that a user who imports ProcessTree sees these alone.
@_exported public import ProcessTreeProcessControl
@_exported public import ProcessTreeSupervision
