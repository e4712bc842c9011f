import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// The control group of a run, and of this process, in the second version of their hierarchy.
///
/// A run's group is below the group in which its root was started. Its path is in the run's
/// directory, where sweepers find it.
package enum ControlGroup {
  private static let fileOfPath = "cgroup"

  // MARK: The group of a run

  /// Makes the run's group, and moves this process, its root, and the helper to it.
  ///
  /// Whatever either starts from then on is in the group. Nothing has changed if it throws.
  package static func enter(
    run: RunIdentity, helper: Int32?
  ) throws(ProcessControlError) {
    guard let above = directory() else {
      throw ProcessControlError(
        .systemCall, call: "read /proc/self/mountinfo", "the hierarchy of version 2 is not mounted")
    }
    let group = "\(above)/ptree-\(RunPlace.name(of: run.runID))"
    let file = "\(run.directory)/\(fileOfPath)"
    // It comes first, so that no group is without a file.
    try write(group, to: file)
    do throws(ProcessControlError) {
      guard mkdir(group, 0o755) == 0 else { throw .last("mkdir \(group)") }
      guard access("\(group)/cgroup.kill", W_OK) == 0 else {
        throw .last("access \(group)/cgroup.kill")
      }
      for pid in [helper, 0].compactMap(\.self) {
        let error = pt_group_enter(group, pid)
        guard error == 0 else { throw .system("write \(group)/cgroup.procs", error) }
      }
    } catch {
      for pid in [helper, 0].compactMap(\.self) { _ = pt_group_enter(above, pid) }
      rmdir(group)
      unlink(file)
      throw error
    }
    pt_group_keep(run.directory)
  }

  private static func write(_ group: String, to file: String) throws(ProcessControlError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    guard let opened = Descriptor(owning: open(file, flags, 0o600)) else {
      throw .last("open \(file)")
    }
    let bytes = Array(group.utf8)
    guard Glibc.write(opened.number, bytes, bytes.count) == bytes.count else {
      throw .last("write \(file)")
    }
  }

  /// Leaves the group of this process's run and ends all that is in it; true if there is none.
  ///
  /// It blocks until all processes have ended, at most ten seconds.
  package static func endOwn() -> Bool { pt_group_end_kept() == 0 }

  /// Ends the group of a dead run; true if it has none.
  static func end(ofDeadRun name: String, in directory: OwnDirectory) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { path in
      guard let start = path.baseAddress,
        pt_group_read(directory.descriptor, name, start, path.count) == 0
      else { return true }
      return pt_group_end(start) == 0
    }
  }

  // MARK: The group of this process

  /// The directory of this process's group; `nil` if it is not visible.
  package static func directory() -> String? {
    guard let groups = Files.text(of: "/proc/self/cgroup"),
      let mounts = Files.text(of: "/proc/self/mountinfo")
    else { return nil }
    return directory(groups: groups, mounts: mounts)
  }

  /// The directory of a group by the texts of `/proc/PID/cgroup` and `/proc/PID/mountinfo`.
  ///
  /// - Parameter controller: Names a hierarchy of version 1; nil for that of version 2.
  package static func directory(
    groups: String, mounts: String, of controller: String? = nil
  ) -> String? {
    guard let path = path(groups: groups, of: controller) else { return nil }
    for mount in mounts[...].parts(at: "\n") where mount.mayBeOfGroups {
      let fields = mount.parts(at: " ")
      guard let end = fields.firstIndex(of: "-"), end >= 6, fields.count > end + 1,
        fields[end + 1] == (controller == nil ? "cgroup2" : "cgroup"),
        controller.map({ fields[fields.count - 1].parts(at: ",").contains($0[...]) }) ?? true
      else { continue }
      let (root, point) = (fields[3] == "/" ? "" : fields[3], fields[4])
      // The kernel writes unusual characters as octal numbers; no system mounts it there.
      guard !point.contains("\\"), path == root || path.hasPrefix("\(root)/") else { continue }
      let below = path.dropFirst(root.count)
      return below == "/" ? String(point) : "\(point)\(below)"
    }
    return nil
  }

  /// The path of a group in its hierarchy, by a line `NUMBER:CONTROLLERS:PATH`.
  private static func path(groups: String, of controller: String?) -> Substring? {
    for line in groups[...].parts(at: "\n") {
      let fields = line.parts(at: ":", most: 3)
      guard fields.count == 3, fields[2].hasPrefix("/") else { continue }
      let isSought =
        controller.map { fields[1].parts(at: ",").contains($0[...]) }
        ?? (fields[0] == "0" && fields[1].isEmpty)
      if isSought { return fields[2] }
    }
    return nil
  }

  // MARK: Memory

  /// How many processes the kernel has killed because memory ran out; `nil` if it has no count.
  ///
  /// The count is of this process's control group: with those below it in version 2, without them
  /// in version 1. Only where neither counts memory it is of the whole host, and kills of strangers
  /// are in it. Compare two readings to detect a kill between them.
  package static func outOfMemoryKills() -> UInt64? {
    for path in files() {
      if let text = Files.bytes(of: path), let count = count(in: text) { return count }
    }
    return nil
  }

  /// The number after `oom_kill` at the beginning of a line.
  static func count(in text: [UInt8]) -> UInt64? {
    text.withUnsafeBytes { bytes in
      for line in bytes.parts(at: UInt8(ascii: "\n")) {
        let line = UnsafeRawBufferPointer(rebasing: bytes[line])
        guard line.begins(with: key) else { continue }
        return UInt64(String(decoding: line[key.utf8CodeUnitCount...], as: UTF8.self))
      }
      return nil
    }
  }

  private static let key: StaticString = "oom_kill "

  /// The files that may have the count, the most exact first.
  ///
  /// The mounts are read once, and again in another group: each node with children asks, in its
  /// first turn, and a clone has what its ancestor has found.
  private static func files() -> [String] {
    let host = "/proc/vmstat"
    guard let groups = Files.text(of: "/proc/self/cgroup") else { return [host] }
    return found.withLock { found in
      if found.groups != groups { found = (groups, files(of: groups)) }
      return found.files + [host]
    }
  }

  /// The files that were found last, and the groups of which they are.
  private static let found = Lock<(groups: String, files: [String])>(("", []))

  private static func files(of groups: String) -> [String] {
    var files: [String] = []
    guard let mounts = Files.text(of: "/proc/self/mountinfo") else { return [] }
    if let own = directory(groups: groups, mounts: mounts) {
      // A run's own group has a count only where the group above counts memory for it.
      let above = own[..<(own.lastIndex(of: "/") ?? own.startIndex)]
      files += ["\(own)/memory.events", "\(above)/memory.events"]
    }
    if let own = directory(groups: groups, mounts: mounts, of: "memory") {
      files.append("\(own)/memory.oom_control")
    }
    return files
  }
}

extension Substring {
  /// Whether a mount may be of control groups, so that its fields are worth a look.
  fileprivate var mayBeOfGroups: Bool {
    var text = self
    return text.withUTF8 { UnsafeRawBufferPointer($0).contains(" - cgroup") }
  }

  /// The parts between separators, by bytes: a split by characters would delay the first node with
  /// children.
  ///
  /// - Parameter most: How many parts there are at most, with those that are empty; nil for all
  ///   that are not.
  fileprivate func parts(at separator: Unicode.Scalar, most: Int? = nil) -> [Substring] {
    var text = self
    let ranges = text.withUTF8 {
      UnsafeRawBufferPointer($0).parts(at: UInt8(ascii: separator), most: most)
    }
    let bytes = text.utf8
    return ranges.map { range in
      let start = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
      return text[start..<bytes.index(start, offsetBy: range.count)]
    }
  }
}
