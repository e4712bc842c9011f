import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// The direct children of this process that it did not start itself.
package enum AdoptedProcesses {
  package enum Origin: Hashable, Sendable {
    /// A fork server cloned it for this node, and its reply has not been received.
    ///
    /// Kill it only after that server is lost; before that, the reply is on its way.
    case unansweredClone
    /// A node of this run, now dead, has left it behind.
    case leftBehind(RunTag)
    /// It is the fork server of a node that has ended; it ends by itself, if that node has not
    /// killed it, and only has to be reaped.
    ///
    /// Nothing is below it.
    case deadNodesForkServer
  }

  package struct Adopted {
    /// The handle for signalling and reaping the process.
    package let handle: ProcessHandle
    package let origin: Origin
    /// The command line or, without one, the name in brackets; at most 256 bytes.
    ///
    /// It is empty for a fork server.
    package let command: String
  }

  /// Whether a scan may find something but unanswered clones.
  ///
  /// It costs one system call, which takes 10 to 30 ns for each child.
  package static var mayBeThere: Bool { pt_may_have_adopted() != 0 }

  /// Finds the children to reap that are not in `known`.
  ///
  /// `known` has the pids of all started children and of this process's fork server. Children of
  /// other code have this process's own tag or none of this run, and are never returned. A scan
  /// after the end of a child finds all processes that it left. Their own descendants arrive when
  /// they end, so scan until a scan finds none.
  package static func scan(tag: RunTag, known: Set<Int32>) -> [Adopted] {
    Children.list().filter { !known.contains($0) }.compactMap { pid in
      guard let handle = try? ProcessHandle(pid: pid), let stat = Children.stat(of: pid),
        let origin = origin(of: pid, exitSignal: stat.exit_signal, tag: tag)
      else { return nil }
      let command = origin == .deadNodesForkServer ? "" : command(of: pid)
      return Adopted(handle: handle, origin: origin, command: command)
    }
  }

  /// The origin of a child; `nil` for children of other code.
  private static func origin(of pid: Int32, exitSignal: Int32, tag: RunTag) -> Origin? {
    guard let theirs = RunTag.read(of: pid), theirs.run == tag.run, theirs != tag else {
      return nil
    }
    // Reparenting sets the exit signal, so a process that still has 0 was born here.
    if exitSignal == 0 { return .unansweredClone }
    return theirs.node == RunTag.helperNode ? .deadNodesForkServer : .leftBehind(theirs)
  }

  private static func command(of pid: Int32) -> String {
    let line = Files.bytes(of: "/proc/\(pid)/cmdline", limit: 256) ?? []
    var words = line.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
    while words.last == UInt8(ascii: " ") { words.removeLast() }
    guard words.isEmpty else { return String(decoding: words, as: UTF8.self) }
    let name = Files.bytes(of: "/proc/\(pid)/comm", limit: 64) ?? []
    return "[\(String(decoding: name.prefix { $0 >= 0x20 }, as: UTF8.self))]"
  }
}

/// The direct children of this process.
private enum Children {
  /// The pids of the main thread's children; it gets the orphans, because it lives longest.
  static func list() -> [Int32] {
    guard let text = Files.text(of: "/proc/self/task/\(HostProcess.pid)/children") else {
      return listByParent()
    }
    return text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
  }

  /// The same on kernels that do not list children.
  private static func listByParent() -> [Int32] {
    Files.numbers(in: "/proc").filter { stat(of: $0) != nil }
  }

  /// The stat of a process, if it is a child of this one.
  static func stat(of pid: Int32) -> pt_stat? {
    var found = pt_stat()
    guard pt_stat(pid, &found) == 0, found.parent == HostProcess.pid else { return nil }
    return found
  }
}
