internal import Glibc
internal import ProcessTreeLinks

extension Node {
  /// Ends the node with this exit code, as `sys.exit` does: its children are stopped, what was sent
  /// is delivered, the parent is told.
  ///
  /// The rest of the program does not run.
  ///
  /// An exit is not a result: whoever awaits one gets a ``ChildFailure`` with the cause `exited`,
  /// except that 0 is the success of a program that returns nothing.
  ///
  /// - Parameter code: 0 to 255; any other is a mistake of the program and crashes it, because the system
  ///   would pass on its last eight bits, of 256 the 0 of a success.
  public func exit(_ code: Int32 = 0) -> Never {
    guard (0...255).contains(code) else {
      fatalError("exit(\(code)) was called on \(name): an exit code is 0 to 255")
    }
    runtime.perform { $0.programEnded(.exit(code)) }
    guard runtime.loop.isCurrent else {
      // The loop ends the process; this thread has nothing more to do.
      while true { pause() }
    }
    let runtime = runtime.value
    runtime.loop.run { runtime.ending.isFinished || runtime.hasVanished }
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
