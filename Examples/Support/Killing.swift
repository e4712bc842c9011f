import Glibc
import ProcessTree

/// Kills a process of its host.
struct Killer: NodeProgram {
  var pid: Int32

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws { kill(pid, SIGKILL) }
}

extension Node {
  /// Kills a child as a user with a shell would, and not by way of the library; false if there is
  /// no process.
  func killFromOutside(_ child: AnyChild, _ hosts: HostPool?) async throws -> Bool {
    guard let pid = child.pid else { return false }
    guard let name = child.host, let host = hosts?[name] else { return kill(pid, SIGKILL) == 0 }
    // A process id belongs to a process of its host.
    try await spawn(Killer(pid: pid), on: host).result
    return true
  }
}
