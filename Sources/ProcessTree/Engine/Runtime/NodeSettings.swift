internal import Logging
internal import ProcessTreeMessagePack
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The part of a configuration that nodes below the root inherit, as it crosses a process.
struct NodeSettings: WireRecord, Sendable {
  var startMethod: StartMethod
  var stopPolicy: StopPolicy
  var startDeadline: Duration
  var logLevel: Logger.Level
  var defaultLimit: Int?
  var treeLimit: Int?
  var liveness: Liveness

  init(_ configuration: TreeConfiguration) {
    startMethod = configuration.startMethod
    stopPolicy = configuration.stopPolicy
    startDeadline = configuration.startDeadline
    logLevel = configuration.logLevel
    defaultLimit = configuration.defaultLimit
    treeLimit = configuration.treeLimit
    liveness = configuration.liveness
  }

  func apply(to configuration: inout TreeConfiguration) {
    configuration.startMethod = startMethod
    configuration.stopPolicy = stopPolicy
    configuration.startDeadline = startDeadline
    configuration.logLevel = logLevel
    configuration.defaultLimit = defaultLimit
    configuration.treeLimit = treeLimit
    configuration.liveness = liveness
  }

  init(fields: inout WireFields) throws {
    startMethod = try fields.next()
    stopPolicy = try fields.next()
    startDeadline = try fields.next()
    logLevel = try fields.next()
    defaultLimit = try fields.next()
    treeLimit = try fields.next()
    liveness = try fields.nextIfPresent() ?? .off
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, startMethod, stopPolicy, startDeadline, logLevel, defaultLimit, treeLimit,
      liveness.isOff ? nil : liveness)
  }
}

extension StartMethod: WireNumbered {
  static let numbers: WireNumbers<Self> = [1: .forkServer, 2: .spawn, 3: .inProcess]
}

extension StopPolicy: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(ask: try fields.next(), terminate: try fields.next())
    drain = max(.zero, try fields.nextIfPresent() ?? .zero)
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, ask, terminate, drain)
  }
}

extension Liveness: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(lease: try fields.next(), limit: try fields.next())
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, lease, limit)
  }
}

extension Logger.Level: WireNumbered {
  static let numbers: WireNumbers<Self> = [
    1: .trace, 2: .debug, 3: .info, 4: .notice, 5: .warning, 6: .error, 7: .critical,
  ]
}
