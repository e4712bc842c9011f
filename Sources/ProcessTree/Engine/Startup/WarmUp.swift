internal import Logging
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The steps that every child would have to do first, done once before the fork server is made.
///
/// Children inherit resolved symbols, instantiated metadata and touched memory, which halves the
/// time of a start. No step makes a thread, or loads libzmq, which only nodes with links need. No
/// step may lock a `Mutex`: see `Lock`.
enum WarmUp {
  /// How many of an app's programs are rehearsed: each takes a tenth of a millisecond.
  private static let mostPrograms = 64

  /// The steps that cost the root nothing, because it does them anyway.
  static func runOwn() {
    ThreadStacks.prepare()
    EventLoop.rehearseMainQueue()
    _ = NodeSettings(TreeConfiguration()).packed()
    _ = NodeRuntime.handledSignals(ofTheRoot: false)
  }

  static func run(on loop: EventLoop, for root: NodeIdentity, app: any ProcessTreeApp.Type) {
    ForkServerClient.rehearse()
    // Nothing depends on its success.
    try? Rehearsal(for: root, on: loop).run()
    // Each child gives the log system a handler of its own.
    _ = Logger(label: "rehearsal")
    for program in app.programs.prefix(mostPrograms) { program.rehearseCoding() }
  }
}
