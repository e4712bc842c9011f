internal import Glibc

/// How many processors this process may use, as pools count them: those of its affinity, less if its
/// control group has a quota of processor time; at least 1.
public var cpuCount: Int {
  let status = readText("/proc/self/status") ?? ""
  let allowed = CPUQuota.affinity(in: status) ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  return CPUQuota.count(allowed: allowed, quota: CPUQuota.current(read: readText))
}

/// The text of a small file; nil when it cannot be read.
private func readText(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { _ = close(descriptor) }
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  let length = read(descriptor, &buffer, buffer.count)
  guard length >= 0 else { return nil }
  return String(decoding: buffer[..<length], as: UTF8.self)
}

/// The share of processor time that a control group may use, in processors.
enum CPUQuota {
  /// Processors to count on: whole ones of what is allowed and what the quota leaves, at least one.
  static func count(allowed: Int, quota: Double?) -> Int {
    guard let quota, quota > 0 else { return max(1, allowed) }
    return max(1, min(allowed, Int(min(quota.rounded(.up), 1_000_000))))
  }

  /// How many processors the scheduler may use for a process, from the kernel's line such as
  /// `Cpus_allowed_list: 0-3,8`; nil when there is none that can be read.
  static func affinity(in status: String) -> Int? {
    let key = "Cpus_allowed_list:"
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else {
      return nil
    }
    var count = 0
    for range in line.dropFirst(key.count).split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
      let ends = range.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first >= 0, last >= first,
        last < 1 << 20
      else { return nil }
      count += last - first + 1
    }
    return count > 0 ? count : nil
  }

  /// The smallest quota of this process's group and the groups around it, of either version; nil
  /// without one, and when files are missing or odd.
  static func current(read: (String) -> String?) -> Double? {
    var smallest: Double?
    for (version, path) in groups(in: read("/proc/self/cgroup") ?? "0::/") {
      for folder in ancestors(of: path) {
        let quota = quota(version, in: folder, read)
        if let quota { smallest = min(quota, smallest ?? quota) }
      }
    }
    return smallest
  }

  enum Version {
    case one
    case two
  }

  /// The groups of the process that may have a quota, from the kernel's lines such as `0::/a/b` and
  /// `4:cpu,cpuacct:/a`.
  static func groups(in text: String) -> [(Version, String)] {
    text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/") else { return nil }
      if parts[1].isEmpty { return (.two, String(parts[2])) }
      return parts[1].split(separator: ",").contains("cpu") ? (.one, String(parts[2])) : nil
    }
  }

  /// A group's path and those of the groups around it; the last is the root, which is also what a
  /// container sees of its own group.
  static func ancestors(of path: String) -> [String] {
    var parts = path.split(separator: "/").filter { $0 != ".." }
    var found: [String] = []
    while true {
      found.append(parts.map { "/" + $0 }.joined())
      guard parts.popLast() != nil else { return found }
    }
  }

  private static func quota(
    _ version: Version, in folder: String, _ read: (String) -> String?
  ) -> Double? {
    switch version {
    case .two: read("/sys/fs/cgroup\(folder)/cpu.max").flatMap(quota(versionTwo:))
    case .one:
      quota(
        versionOne: read("/sys/fs/cgroup/cpu\(folder)/cpu.cfs_quota_us"),
        period: read("/sys/fs/cgroup/cpu\(folder)/cpu.cfs_period_us"))
    }
  }

  /// The quota in a file of version 2: `max 100000`, or `150000 100000` for one and a half.
  static func quota(versionTwo text: String) -> Double? {
    let numbers = text.split(whereSeparator: \.isWhitespace)
    guard let quota = numbers.first.flatMap({ Double($0) }) else { return nil }
    let period = numbers.count > 1 ? Double(numbers[1]) : 100_000
    return ratio(quota, period)
  }

  /// The quota in the two files of version 1; -1 means none.
  static func quota(versionOne quota: String?, period: String?) -> Double? {
    ratio(number(quota), number(period))
  }

  private static func number(_ text: String?) -> Double? {
    text.flatMap { Double($0.filter { !$0.isWhitespace }) }
  }

  private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
    guard let quota, let period, quota > 0, period > 0, (quota / period).isFinite else {
      return nil
    }
    return quota / period
  }
}
