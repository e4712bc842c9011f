import Glibc
import ProcessTreeCProcessShims

/// The direct children of this process that it did not start by itself.
package enum AdoptedProcesses {
  /// How a process came here.
  package enum Origin: Hashable, Sendable {
    /// A fork server cloned it for this node, and no answer has been taken yet.
    ///
    /// To be killed only after that server was lost; before, the answer is on its way.
    case unansweredClone
    /// A node of this run, now dead, has left it behind.
    case leftBehind(RunTag)
    /// The fork server of a node that has ended; it ends by itself and has only to be reaped.
    case deadNodesForkServer
  }

  /// A process that came here.
  package struct Adopted {
    /// The process; to be signalled and reaped through this.
    package let handle: ProcessHandle
    /// How it came here.
    package let origin: Origin
    /// Its command line or, without one, its name in brackets; at most 256 bytes.
    package let command: String
  }

  /// Finds the children to reap that are not in `known`, which holds the pids of all started
  /// children and of the own fork server.
  ///
  /// Children of other code, which carry this process's own tag or none of this run, are never
  /// returned. One scan after the end of a child sees all that it left; their own descendants come
  /// when they end: scan again until a scan finds nothing.
  package static func scan(tag: RunTag, known: Set<Int32>) -> [Adopted] {
    Children.list().filter { !known.contains($0) }.compactMap { pid in
      guard let handle = try? ProcessHandle(pid: pid), let stat = Children.stat(of: pid),
        let origin = origin(of: pid, exitSignal: stat.exit_signal, tag: tag)
      else { return nil }
      return Adopted(handle: handle, origin: origin, command: command(of: pid))
    }
  }

  /// The three rules; nil for children of other code.
  private static func origin(of pid: Int32, exitSignal: Int32, tag: RunTag) -> Origin? {
    guard let theirs = RunTag.read(of: pid), theirs.run == tag.run, theirs != tag else {
      return nil
    }
    // Reparenting sets the exit signal: a process that still has 0 was born here.
    if exitSignal == 0 { return .unansweredClone }
    return theirs.node == RunTag.helperNode ? .deadNodesForkServer : .leftBehind(theirs)
  }

  private static func command(of pid: Int32) -> String {
    let line = ProcFile.bytes(of: "/proc/\(pid)/cmdline", limit: 256) ?? []
    var words = line.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
    while words.last == UInt8(ascii: " ") { words.removeLast() }
    guard words.isEmpty else { return String(decoding: words, as: UTF8.self) }
    let name = ProcFile.bytes(of: "/proc/\(pid)/comm", limit: 64) ?? []
    return "[\(String(decoding: name.prefix { $0 >= 0x20 }, as: UTF8.self))]"
  }
}

/// The direct children of this process.
private enum Children {
  /// The pids of the main thread's children: what is adopted comes to it, because it never ends.
  static func list() -> [Int32] {
    guard let text = ProcFile.text(of: "/proc/self/task/\(HostProcess.pid)/children") else {
      return listByParent()
    }
    return text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
  }

  /// The same on kernels that do not list children.
  private static func listByParent() -> [Int32] {
    ProcFile.entries(of: "/proc").filter { stat(of: $0) != nil }
  }

  /// What /proc tells, if the process is a child of this one.
  static func stat(of pid: Int32) -> pt_stat? {
    var found = pt_stat()
    guard pt_stat(pid, &found) == 0, found.parent == HostProcess.pid else { return nil }
    return found
  }
}
