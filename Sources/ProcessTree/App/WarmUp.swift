internal import Glibc
internal import Links
internal import MessagePack
internal import ProcessControl
internal import Wire

/// Does once, before the fork server is made, what every child would do first: children inherit
/// resolved symbols, metadata and touched memory.
///
/// Halves the time of a start.
///
/// The process has one thread afterwards, as before. Nothing here locks a `Mutex`: the main thread's
/// id, which a lock remembers, would be wrong in every child.
enum WarmUp {
  /// How long the threads of the rehearsal may take to be gone from the kernel's list.
  private static let patience = 200

  static func run(on loop: EventLoop, for identity: NodeIdentity) {
    LinkRehearsal.run(at: RunDirectory.rehearsalSocket(of: identity), on: loop)
    rehearseRecords(identity)
    rehearseTasks(on: loop)
    var tries = 0
    while HostProcess.threadCount() > 1, tries < patience {
      usleep(100)
      tries += 1
    }
  }

  /// A suspension that the loop resumes.
  private static func rehearseTasks(on loop: EventLoop) {
    var isDone = false
    let done = LoopBound(Flag { isDone = true }, on: loop)
    Task(executorPreference: loop) {
      await Task.yield()
      done.value.set()
    }
    loop.run { isDone }
  }

  /// What crosses a process at each start.
  private static func rehearseRecords(_ identity: NodeIdentity) {
    let settings = try? MessagePackEncoder().encode(NodeSettings(TreeConfiguration()))
    let record = BootstrapRecord(
      run: .init(id: 1, rootPID: 1, rootStartTime: 1, directory: "/"),
      path: NodePath(positions: [1, 2]), name: "name", isDaemon: false,
      parent: .init(name: "name", pid: 1),
      credentials: Credentials(runSecret: [1], token: [1]),
      endpoints: .init(control: "ipc:///", data: "ipc:///"),
      program: .init(type: "type", listIndex: nil, arguments: [1]), tag: 1,
      settings: settings ?? [])
    if let bytes = try? MessagePackEncoder().encode(record) {
      _ = try? MessagePackDecoder().decode(BootstrapRecord.self, from: bytes)
    }
    if let settings { _ = try? MessagePackDecoder().decode(NodeSettings.self, from: settings) }
    _ = try? ProgramReference(Rehearsal.self, listed: [])
    if let bytes = try? MessagePackEncoder().encode(Rehearsal(number: 1)) {
      _ = try? MessagePackDecoder().decode(Rehearsal.self, from: bytes)
    }
    _ = try? Rehearsal._encode(1)
  }

  /// The smallest program.
  struct Rehearsal: NodeProgram {
    var number: Int
    func run(in node: Node) async throws -> Int { number }
  }

  private struct Flag {
    let set: () -> Void

    init(_ set: @escaping () -> Void) { self.set = set }
  }
}
