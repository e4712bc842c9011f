import Testing

@testable import ProcessTree

@Suite struct CPUCountTests {
  @Test(
    arguments: [
      ("150000 100000\n", 1.5), ("max 100000\n", nil), ("200000", 2), ("", nil), ("-1 100000", nil),
      ("100000 0", nil), ("nan 100000", nil), ("1e400 1", nil), ("abc def\n", nil),
    ] as [(String, Double?)])
  func quotaOfVersionTwo(text: String, quota: Double?) {
    #expect(CPUQuota.quota(versionTwo: text) == quota)
  }

  @Test(
    arguments: [
      ("50000\n", "100000\n", 0.5), ("-1\n", "100000\n", nil), ("50000", nil, nil),
      (nil, "100000", nil), ("x", "100000", nil), ("100000", "0", nil),
    ] as [(String?, String?, Double?)])
  func quotaOfVersionOne(quota: String?, period: String?, result: Double?) {
    #expect(CPUQuota.quota(versionOne: quota, period: period) == result)
  }

  @Test(
    arguments: [
      ("Name:\tx\nCpus_allowed_list:\t0-3,8\n", 5), ("Cpus_allowed_list:\t2\n", 1),
      ("Cpus_allowed_list:\t\n", nil), ("Cpus_allowed_list:\t3-1\n", nil),
      ("Cpus_allowed_list:\tx\n", nil), ("", nil), ("Cpus_allowed_list: 0-99999999999\n", nil),
    ] as [(String, Int?)])
  func affinity(status: String, count: Int?) {
    #expect(CPUQuota.affinity(in: status) == count)
  }

  @Test func wholeProcessorsAndAtLeastOne() {
    #expect(CPUQuota.count(allowed: 8, quota: nil) == 8)
    #expect(CPUQuota.count(allowed: 8, quota: 1.5) == 2)
    #expect(CPUQuota.count(allowed: 8, quota: 0.1) == 1)
    #expect(CPUQuota.count(allowed: 2, quota: 16) == 2)
    #expect(CPUQuota.count(allowed: 0, quota: nil) == 1)
    #expect(CPUQuota.count(allowed: 8, quota: 1e300) == 8)
  }

  @Test func theTightestOfAllGroupsAroundCounts() {
    let files = [
      "/proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/old\n0::/a/b\nodd line\n",
      "/sys/fs/cgroup/a/b/cpu.max": "max 100000",
      "/sys/fs/cgroup/a/cpu.max": "300000 100000",
      "/sys/fs/cgroup/cpu/old/cpu.cfs_quota_us": "250000",
      "/sys/fs/cgroup/cpu/old/cpu.cfs_period_us": "100000",
    ]
    #expect(CPUQuota.current { files[$0] } == 2.5)
    #expect(CPUQuota.current { _ in nil } == nil)
    #expect(CPUQuota.current { $0 == "/sys/fs/cgroup/cpu.max" ? "100000 100000" : nil } == 1)
  }

  @Test func thisMachineHasOne() {
    #expect(cpuCount >= 1)
  }
}
