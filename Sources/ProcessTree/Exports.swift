// Values of the lower layers that are part of the public API; the rest of these modules is
// `package`.
@_exported public import ProcessTreeProcessControl
@_exported public import ProcessTreeSupervision
