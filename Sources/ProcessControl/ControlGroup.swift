/// The control group that this process is in.
package enum ControlGroup {
  /// How many processes the kernel has killed here for want of memory; nil if nothing tells.
  ///
  /// Of this process's control group; where there is none with a memory controller, of the whole
  /// system. Compare two readings to learn whether one fell in between.
  package static func outOfMemoryKills() -> UInt64? {
    for path in memoryFiles() {
      if let text = ProcFile.text(of: path), let count = count(in: text) { return count }
    }
    return ProcFile.text(of: "/proc/vmstat").flatMap(count(in:))
  }

  /// The number after `oom_kill`.
  static func count(in text: String) -> UInt64? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == "oom_kill" { return UInt64(words[1]) }
    }
    return nil
  }

  /// Where the count may be, the most exact place first.
  private static func memoryFiles() -> [String] {
    var files: [String] = []
    for line in (ProcFile.text(of: "/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let path = fields[2] == "/" ? "" : String(fields[2])
      if fields[1].isEmpty {
        files.append("/sys/fs/cgroup\(path)/memory.events")
        files.append("/sys/fs/cgroup/unified\(path)/memory.events")
      } else if fields[1].split(separator: ",").contains("memory") {
        files.append("/sys/fs/cgroup/memory\(path)/memory.oom_control")
        // In a container the path is often the host's, and the mount is the group itself.
        files.append("/sys/fs/cgroup/memory/memory.oom_control")
      }
    }
    return files
  }
}
