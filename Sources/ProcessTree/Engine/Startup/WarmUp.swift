internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The steps that every child would have to do first, done once before the fork server is made.
///
/// Children inherit resolved symbols, instantiated metadata and touched memory, which halves the
/// time of a start. The process has one thread afterwards, as before. No step may lock a `Mutex`: see
/// `Lock`.
enum WarmUp {
  /// How often to check whether the rehearsal's threads have left the kernel's list.
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
