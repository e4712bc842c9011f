internal import Glibc
internal import ProcessTreeLinks

extension Node {
  /// Ends the node with an exit code, as `sys.exit` does; the rest of the program does not run.
  ///
  /// The node stops its children, delivers everything that it has sent, and reports the exit to its
  /// parent. An exit is not a result: a caller that awaits one receives a ``ChildFailure`` with the
  /// cause `exited`. Only a program that returns nothing succeeds by exiting with 0.
  ///
  /// - Parameter code: 0 to 255. Any other code crashes the program, because the system would pass
  ///   on only its last eight bits, which for 256 are the 0 of a success.
  public func exit(_ code: Int32 = 0) -> Never {
    guard (0...255).contains(code) else {
      fatalError("exit(\(code)) was called on \(name): an exit code is 0 to 255")
    }
    runtime.perform { $0.programEnded(.exit(code)) }
    guard runtime.loop.isCurrent else {
      // The loop ends the process.
      while true { pause() }
    }
    let runtime = runtime.value
    runtime.loop.run { runtime.life.isFinished || runtime.hasVanished }
    if let nodes = runtime.nodes, !runtime.identity.isRoot { nodes.outlive(on: runtime.loop) }
    NodeMain(runtime, forkServer: nil).leave()
  }

  /// Ends the node with 0 for true and 1 for false.
  public func exit(_ isSuccess: Bool) -> Never { exit(isSuccess ? 0 : 1) }

  /// Writes the message to standard error and ends the node with 1.
  public func exit(_ message: String) -> Never {
    writeToStandardError(message)
    exit(1)
  }
}
