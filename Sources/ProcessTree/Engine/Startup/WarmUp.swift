internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Does once, before the fork server is made, what every child would do first.
///
/// Children inherit resolved symbols, instantiated metadata and touched memory, which halves the time
/// of a start. The process has one thread afterwards, as before. Nothing here locks a `Mutex`: the
/// main thread's id, which a lock remembers, would be wrong in every child.
enum WarmUp {
  /// How often to look whether the threads of the rehearsal are gone from the kernel's list.
  private static let patience = 200

  static func run(on loop: EventLoop, for root: NodeIdentity, app: any ProcessTreeApp.Type) {
    // Nothing depends on its success.
    try? Rehearsal(for: root, on: loop).run()
    _ = app.programs
    var tries = 0
    while HostProcess.threadCount() > 1, tries < patience {
      usleep(100)
      tries += 1
    }
  }
}
