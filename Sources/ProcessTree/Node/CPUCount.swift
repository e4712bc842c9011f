internal import Glibc
internal import ProcessTreeBase

/// The number of processors that this process may use, at least 1; the default size of pools.
///
/// It counts the processors of the affinity mask, or fewer if the control group has a quota of
/// processor time.
public var cpuCount: Int {
  let status = Files.text(of: "/proc/self/status") ?? ""
  let allowed = CPUQuota.affinity(in: status) ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  return CPUQuota.count(allowed: allowed, quota: CPUQuota.current { Files.text(of: $0) })
}

/// The processor time that a control group may use, in processors.
enum CPUQuota {
  /// The smaller of the two numbers, the quota rounded up; at least 1.
  static func count(allowed: Int, quota: Double?) -> Int {
    guard let quota, quota > 0 else { return max(1, allowed) }
    return max(1, min(allowed, Int(min(quota.rounded(.up), 1_000_000))))
  }

  /// The number of processors in the affinity mask, from the kernel's line such as
  /// `Cpus_allowed_list: 0-3,8`; `nil` if there is no valid line.
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

  /// The smallest quota of this process's control group and its ancestors, of either version; `nil`
  /// without one, and if files are missing or malformed.
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

  /// The control groups that may have a quota, from the kernel's lines such as `0::/a/b` and
  /// `4:cpu,cpuacct:/a`.
  static func groups(in text: String) -> [(Version, String)] {
    text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/") else { return nil }
      if parts[1].isEmpty { return (.two, String(parts[2])) }
      return parts[1].split(separator: ",").contains("cpu") ? (.one, String(parts[2])) : nil
    }
  }

  /// The path of a group and of each of its ancestors; the last is the root, as which a container
  /// sees its own group.
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

  /// The quota from a file of version 2: `max 100000`, or `150000 100000` for one and a half.
  static func quota(versionTwo text: String) -> Double? {
    let numbers = text.split(whereSeparator: \.isWhitespace)
    guard let quota = numbers.first.flatMap({ Double($0) }) else { return nil }
    let period = numbers.count > 1 ? Double(numbers[1]) : 100_000
    return ratio(quota, period)
  }

  /// The quota from the two files of version 1; -1 means none.
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
