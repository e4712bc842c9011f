internal import Glibc
internal import Wire

/// One edge, made, used and taken down within a process, so that children that are forked later
/// inherit what its first use resolves, instantiates and touches.
///
/// The process has its former threads and descriptors afterwards. Nothing depends on its success.
package enum LinkRehearsal {
  /// How long it may take at most; it takes about a millisecond.
  private static let deadline: Duration = .milliseconds(100)

  /// - Parameter path: Where a socket may be for as long as this runs; of this process alone.
  package static func run(at path: String, on loop: EventLoop) {
    let context = LinkContext()
    defer { context.terminate() }
    var isDone = false
    let credentials = Credentials(runSecret: [0], token: [0])
    var listener: EdgeListener?
    let handlers = EdgeListener.Handlers(
      admitted: { _, position, _ in
        listener?.send(ControlMessage.welcome(.current).frame(), to: position)
      },
      frame: { _, _, frame in _ = try? ControlMessage(frame: Array(frame)) },
      refused: { _, _ in isDone = true })
    listener = try? EdgeListener(
      .control, at: path, build: "", in: context, on: loop, handlers: handlers)
    // Only what was made here is removed.
    guard listener != nil else { return }
    defer { unlink(path) }
    listener?.expect(1, credentials)
    let hello = Hello(position: 1, credentials: credentials, pid: 0, build: "")
    let connector = try? EdgeConnector(
      to: "ipc://\(path)", hello: hello, in: context, on: loop
    ) { frame in
      _ = try? ControlMessage(frame: Array(frame))
      isDone = true
    }
    guard let listener, let connector else { return }
    connector.send(ControlMessage.ready.frame())
    connector.send(ControlMessage.outcome(.result([1])).frame())
    connector.send(ControlMessage.goodbye(exitCode: 0, dataFrames: 0).frame())
    let timer = loop.timers.schedule(after: deadline) { isDone = true }
    let hook = loop.addTurnHook {
      listener.receive()
      connector.receive()
      return listener.mayHaveFrames || connector.mayHaveFrames
    }
    loop.run { isDone }
    loop.removeTurnHook(hook)
    loop.timers.cancel(timer)
    connector.close()
    listener.close()
  }
}
