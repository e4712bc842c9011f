import Foundation
import ProcessTreeBase
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct ValueTests {
    @Test
    func drawnIDsAreDifferentAndNeverReserved() throws {
      let runs = try (0..<1000).map { _ in try RunTag.randomRunID() }
      #expect(runs.allSatisfy { $0 != 0 && $0 < 0x8000_0000 })
      #expect(Set(runs).count > 990)
      let nodes = try (0..<1000).map { _ in try RunTag.randomNodeID() }
      #expect(nodes.allSatisfy { $0 != 0 && $0 != RunTag.helperNode })
    }

    @Test
    func processesThatAreNotThereHaveNoTag() {
      #expect(RunTag.read(of: 0) == nil)
      #expect(RunTag.read(of: -1) == nil)
      #expect(RunTag.read(of: Int32.max) == nil)
    }

    @Test(
      arguments: [
        (ProcessTreeProcessControl.ExitStatus.exited(3), 3, "exited 3"),
        (.signaled(SIGKILL, coreDumped: false), -9, "killed by SIGKILL"),
        (.signaled(SIGSEGV, coreDumped: true), -11, "killed by SIGSEGV (core dumped)"),
        (.signaled(40, coreDumped: false), -40, "killed by signal 40"),
      ] as [(ProcessTreeProcessControl.ExitStatus, Int32, String)])
    func statusesHavePythonsNumbersAndWords(
      status: ProcessTreeProcessControl.ExitStatus, code: Int32, text: String
    ) throws {
      #expect(status.exitCode == code)
      #expect(status.description == text)
      let coded = try JSONEncoder().encode(status)
      #expect(
        try JSONDecoder().decode(ProcessTreeProcessControl.ExitStatus.self, from: coded) == status)
    }

    @Test
    func errorsSayWhatToDo() throws {
      let error = #expect(throws: ProcessControlError.self) {
        try ProcessHandle(pid: Int32.max)
      }
      #expect(error?.code == .noSuchProcess)
      #expect(error?.errno == ESRCH)
      #expect(error?.description.hasPrefix("pidfd_open: No such process (errno 3); ") == true)
    }

    @Test
    func thisProcessKnowsItself() {
      #expect(HostProcess.pid == ProcessInfo.processInfo.processIdentifier)
      #expect(Threads.count() > 1)
      #expect(HostProcess.executablePath?.contains("PackageTests") == true)
      #expect(HostProcess.buildIdentity().split(separator: "-").count == 5)
      #expect(HostProcess.startTime(of: getpid()) ?? 0 > 0)
      #expect(HostProcess.startTime(of: Int32.max) == nil)
    }

    @Test
    func outOfMemoryKillsAreCountedSomewhere() {
      #expect(ControlGroup.outOfMemoryKills() != nil)
    }

    @Test(
      arguments: [
        ("/", "/", "/sys/fs/cgroup"), ("/", "/user.slice/a", "/sys/fs/cgroup/user.slice/a"),
        ("/outer", "/outer", "/sys/fs/cgroup"), ("/outer", "/outer/in", "/sys/fs/cgroup/in"),
        ("/outer", "/outermost", nil), ("/outer", "/", nil), ("/..", "/in", nil),
      ] as [(String, String, String?)])
    func aGroupsDirectoryIsFoundBelowItsMount(root: String, group: String, directory: String?) {
      let mounts = """
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        41 31 0:38 \(root) /sys/fs/cgroup rw,relatime shared:9 master:1 - cgroup2 cgroup2 rw
        """
      let groups = "4:memory:/elsewhere\n0::\(group)\n"
      #expect(ControlGroup.directory(groups: groups, mounts: mounts) == directory)
      #expect(ControlGroup.directory(groups: "4:memory:/\n", mounts: mounts) == nil)
      #expect(ControlGroup.directory(groups: groups, mounts: "") == nil)
    }

    @Test(
      arguments: [
        ("memory", "/sys/fs/cgroup/memory/box/in"), ("cpuacct", "/sys/fs/cgroup/cpu"),
        ("pids", nil), ("mem", nil), ("rw", nil),
      ] as [(String, String?)])
    func aGroupsDirectoryIsFoundInAHierarchyOfItsOwn(controller: String, directory: String?) {
      let mounts = """
        32 31 0:29 /docker/1 /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        36 31 0:33 / /sys/fs/cgroup/pids rw,relatime - tmpfs tmpfs rw,pids
        """
      let groups = "8:pids:/\n4:memory:/box/in\n1:cpu,cpuacct:/docker/1\n0::/\n"
      let found = ControlGroup.directory(groups: groups, mounts: mounts, of: controller)
      #expect(found == directory)
    }

    @Test
    func oneProcessIsNotReapedByAnother() throws {
      let handle = try ProcessHandle(pid: 1)
      #expect(throws: ProcessControlError.self) { try handle.reap() }
      #expect(!handle.hasEnded)
      handle.close()
      #expect(handle.pidfd == -1)
      #expect(throws: ProcessControlError.self) { try handle.send(0) }
    }
  }
}
