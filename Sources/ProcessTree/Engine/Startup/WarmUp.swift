internal import Logging
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
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
  }

  static func run(on loop: EventLoop, for root: NodeIdentity, app: any ProcessTreeApp.Type) {
    // Nothing depends on its success.
    try? Rehearsal(for: root, on: loop).run()
    // Each child gives the log system a handler of its own.
    _ = Logger(label: "rehearsal")
    for program in app.programs.prefix(mostPrograms) { program.rehearseDecoding() }
  }
}

extension NodeProgram {
  /// Decodes nothing as a program: the look-up of the types that do it is a tenth of a leaf's life.
  fileprivate static func rehearseDecoding() {
    let emptyMap: [UInt8] = [0x80]
    _ = try? MessagePackDecoder().decode(Self.self, from: emptyMap)
  }
}
