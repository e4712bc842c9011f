internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A program that runs an external command: the command as a child node of its own.
///
/// ```swift
/// let child = try await node.spawn(ExternalCommand(Command("make", ["-C", directory])))
/// try await child.result
/// ```
///
/// What the command writes is the node's output, passed on to the root line by line. Its exit code
/// is the node's: 0 is the program's success, another one makes it fail with
/// ``ExitCause/exited(code:)``, and after a signal the node ends by the same signal. A command that
/// cannot be started fails with its ``CommandError``. Streams that it has pipes for are the node's own
/// here, so that its standard input is the null device unless declared otherwise. A request to stop
/// the node is SIGTERM for the command.
public struct ExternalCommand: NodeProgram {
  /// The command.
  public var command: Command

  /// Makes a program of a command.
  public init(_ command: Command) { self.command = command }

  /// False: the command is no node.
  public static var spawnsChildren: Bool { false }

  /// Runs the command to its end; returns after exit code 0 only.
  public func run(in node: Node) async throws {
    let command = command
    let run = try await node.runtime.run { runtime in
      CommandRun(LoopBound(try runtime.start(command, pipes: .areTheNodes), on: runtime.loop))
    }
    switch try await run.exitStatus {
    case .exited(0): return
    case .exited(let code): node.exit(code)
    case .signaled(let signal, coreDumped: _): node.exit(bySignal: signal)
    }
  }
}

extension Node {
  /// Ends the node as if the signal had been sent to it, once what was sent is delivered.
  fileprivate func exit(bySignal signal: Int32) -> Never {
    runtime.perform { $0.ending.signal = signal }
    // The code of a process that the kernel ends by no signal of its own.
    exit(128 + signal)
  }
}
