internal import Logging
internal import ProcessTreeMessagePack
internal import ProcessTreeSupervision

/// The part of a configuration that nodes below the root inherit, as it crosses a process.
struct NodeSettings: Codable, Sendable {
  var startMethod: StartMethod
  var stopPolicy: StopPolicy
  var startDeadline: Duration
  var logLevel: Logger.Level
  var defaultLimit: Int?
  var treeLimit: Int?

  init(_ configuration: TreeConfiguration) {
    startMethod = configuration.startMethod
    stopPolicy = configuration.stopPolicy
    startDeadline = configuration.startDeadline
    logLevel = configuration.logLevel
    defaultLimit = configuration.defaultLimit
    treeLimit = configuration.treeLimit
  }

  func apply(to configuration: inout TreeConfiguration) {
    configuration.startMethod = startMethod
    configuration.stopPolicy = stopPolicy
    configuration.startDeadline = startDeadline
    configuration.logLevel = logLevel
    configuration.defaultLimit = defaultLimit
    configuration.treeLimit = treeLimit
  }
}
