internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A program that runs an external command as a child node of its own.
///
/// ```swift
/// let child = try await node.spawn(ExternalCommand(Command("make", ["-C", directory])))
/// try await child.result
/// ```
///
/// The command's output is the node's, which goes to the root line by line. Its exit code is the
/// node's: 0 is the program's success, and another one is a failure with
/// ``ExitCause/exited(code:)``. After a signal the node ends by the same signal. A command that
/// cannot start fails with its ``CommandError``. Streams that are pipes by default are the node's
/// own here, so standard input is the null device unless the command declares another. A request to
/// stop the node sends SIGTERM to the command, or the signal of its ``Command/stopSignal``, or runs
/// ``stoppedBy``.
public struct ExternalCommand: NodeProgram {
  /// The command.
  public var command: Command

  /// What shows that the command is up, which the node then announces; `nil` for a node that
  /// announces nothing.
  public var upWhen: ReadinessCheck?

  /// The check that has to go on holding once the command is up, or from its start if nothing shows
  /// that it is up.
  ///
  /// After ``ReadinessCheck/failures`` failed probes in a row the command is ended, and has failed.
  /// `nil` for a command that may live on in any state.
  public var aliveWhile: ReadinessCheck?

  /// A command that stops the command, in place of a signal.
  ///
  /// It is ended with that, at the latest a second after it. If it cannot start, the signal is
  /// sent.
  public var stoppedBy: Command?

  /// The exit codes beside 0 that are the program's success.
  public var successCodes: Set<Int32>

  /// Makes a program of a command.
  ///
  /// - Parameters:
  ///   - command: The command.
  ///   - upWhen: What shows that the command is up.
  ///   - aliveWhile: The check that has to go on holding once it is up.
  ///   - stoppedBy: A command that stops it, in place of a signal.
  ///   - successCodes: The exit codes beside 0 that are the program's success.
  public init(
    _ command: Command, upWhen: ReadinessCheck? = nil, aliveWhile: ReadinessCheck? = nil,
    stoppedBy: Command? = nil, successCodes: Set<Int32> = []
  ) {
    self.command = command
    self.upWhen = upWhen
    self.aliveWhile = aliveWhile
    self.stoppedBy = stoppedBy
    self.successCodes = successCodes
  }

  /// False, because the command is not a node.
  public static var spawnsChildren: Bool { false }

  /// Runs the command; returns only after exit code 0, or one that is a success as well.
  ///
  /// - Throws: `invalidSpecification` for an invalid check; a ``CommandError`` if the command
  ///   cannot start, and `neverUp` or `notReady` if a check has ended it; `CancellationError`.
  public func run(in node: Node) async throws {
    switch try await CheckedCommand(program: self, node: node).run() {
    case .exited(let code) where code == 0 || successCodes.contains(code): return
    case .exited(let code): node.exit(code)
    case .signaled(let signal, coreDumped: _): node.exit(bySignal: signal)
    }
  }
}

extension ExternalCommand {
  /// Throws for checks that mean nothing.
  func validate() throws {
    try upWhen?.validate()
    try aliveWhile?.validate(isLiveness: true)
  }

  /// Starts the command, as it will be stopped.
  func start(
    in runtime: NodeRuntime, pipes: CommandStreams.Pipes = .areTheNodes
  ) throws -> CommandController {
    let controller = try runtime.start(command, pipes: pipes)
    controller.stoppedBy = stoppedBy
    return controller
  }
}

extension Node {
  /// Ends the node as if by this signal, once everything that it has sent is delivered.
  fileprivate func exit(bySignal signal: Int32) -> Never {
    runtime.perform { $0.handle(.endBy(signal: signal)) }
    // This is the code if the signal does not end the process.
    exit(128 + signal)
  }
}
