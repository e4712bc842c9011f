internal import ProcessTreeBase
package import ProcessTreeMessagePack
package import ProcessTreeWire

/// Something that is to be done to a node by the one that owns it: its parent, or its supervisor.
package struct NodeOperation: WireRecord, Hashable, Sendable {
  package enum Verb: Hashable, Sendable, CaseIterable, WireNumbered {
    case stop
    case kill
    case start
    case restart
    /// Changes how many instances a template has.
    case scale
    /// Delivers a signal to the node's commands, or to the node if it has none.
    case signal
    /// Waits until the node is up, or has ended.
    case waitForUp
    case waitForEnd
    /// Restarts the node, and after it all that depend on it.
    case restartWithDependents

    package static let numbers: WireNumbers<Self> = [
      1: .stop, 2: .kill, 3: .start, 4: .restart, 5: .scale, 6: .signal, 7: .waitForUp,
      8: .waitForEnd, 9: .restartWithDependents,
    ]
  }

  package let verb: Verb
  /// The number of instances, or of the signal.
  package let number: Int
  /// How long the owner waits until it is done, in milliseconds.
  package let milliseconds: Int
  /// Why, for the node and its report.
  package let reason: String

  package init(_ verb: Verb, number: Int = 0, within time: Duration, reason: String) {
    self.verb = verb
    self.number = number
    milliseconds = max(1, min(time, Self.longest).wholeMilliseconds)
    self.reason = reason.limited(to: WireLimits.message)
  }

  /// The longest that an owner waits.
  package static let longest = Duration.seconds(30 * 86_400)

  package init(fields: inout WireFields) throws {
    verb = try fields.next()
    number = try fields.next()
    milliseconds = max(1, min(try fields.next(), Self.longest.wholeMilliseconds))
    reason = (try fields.next() as String).limited(to: WireLimits.message)
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, verb, number, milliseconds, reason)
  }

  package var time: Duration { .milliseconds(milliseconds) }
}

/// What became of an operation.
package struct OperationResult: WireRecord, Hashable, Sendable {
  package enum Outcome: String, Hashable, Sendable, CaseIterable, WireNumbered {
    case stopped
    /// It had to be killed, or was to be.
    case killed
    case up
    case succeeded
    /// It is not as was wanted, and will not be by itself.
    case failed
    /// It had no life that could be ended.
    case alreadyEnded
    /// The signal has been sent.
    case delivered

    package static let numbers: WireNumbers<Self> = [
      1: .stopped, 2: .killed, 3: .up, 4: .succeeded, 5: .failed, 6: .alreadyEnded, 7: .delivered,
    ]
  }

  package let outcome: Outcome
  /// A sentence about it, if there is more to report.
  package let account: String?
  /// 0 to 255, or -N after signal N, if a process has ended.
  package let exitCode: Int?

  package init(_ outcome: Outcome, account: String? = nil, exitCode: Int? = nil) {
    self.outcome = outcome
    self.account = account
    self.exitCode = exitCode
  }

  package init(fields: inout WireFields) throws {
    outcome = try fields.next()
    account = try fields.next()
    exitCode = try fields.next()
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, outcome, account?.limited(to: WireLimits.message), exitCode)
  }
}
