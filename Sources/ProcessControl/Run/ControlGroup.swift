internal import ProcessTreeBase

package enum ControlGroup {
  /// How many processes the kernel has killed because memory ran out; `nil` if it has no count.
  ///
  /// The count is of this process's control group and those below it if the kernel has one (version
  /// 2), otherwise of the whole host. Compare two readings to detect a kill between them.
  package static func outOfMemoryKills() -> UInt64? {
    for path in files() {
      if let text = Files.bytes(of: path), let count = count(in: text) { return count }
    }
    return nil
  }

  /// The number after `oom_kill` at the beginning of a line.
  static func count(in text: [UInt8]) -> UInt64? {
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: Self.key) {
      return UInt64(String(decoding: line.dropFirst(Self.key.count), as: UTF8.self))
    }
    return nil
  }

  private static let key = Array("oom_kill ".utf8)

  /// The files that may have the count, the most exact first.
  private static func files() -> [String] {
    let lines = (Files.text(of: "/proc/self/cgroup") ?? "").split(separator: "\n")
    let path = lines.first { $0.hasPrefix("0::/") }.map { $0.dropFirst(3) } ?? "/"
    return [
      "/sys/fs/cgroup\(path)/memory.events", "/sys/fs/cgroup/unified\(path)/memory.events",
      "/proc/vmstat",
      // This counts the group without those below it.
      "/sys/fs/cgroup/memory/memory.oom_control",
    ]
  }
}
