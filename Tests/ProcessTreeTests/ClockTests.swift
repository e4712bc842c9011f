import Foundation
import ProcessTreeScenarioRuns
import Testing

private func compiler() -> String? {
  let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
  return path.split(separator: ":").lazy.flatMap { folder in
    ["clang", "cc", "gcc"].map { "\(folder)/\($0)" }
  }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// A clock that goes forward by a day and back by a day with each look; others are left alone.
private let steppingClock = """
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <sys/syscall.h>
  #include <sys/time.h>
  #include <time.h>
  #include <unistd.h>

  static long step(void) {
    static _Atomic long looks;
    return looks++ % 2 ? 86400 : -86400;
  }

  int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
      time->tv_sec += step();
    return result;
  }

  int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
  }

  time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
  }
  """

extension ProcessTrees {
  /// Somebody sets the clock of the machine while trees run.
  @Suite(.enabled("a C compiler is there") { compiler() != nil })
  struct ClockTests {
    @Test(arguments: [
      "supervisor-fixture stopped", "supervisor-fixture backoff",
      "supervisor-fixture shutdownBudget",
      "tree-fixture stopDeaf", "tree-fixture resultInTime", "channel-fixture deadlinesTravel",
    ])
    func aClockThatIsSetChangesNothing(scenario: String) async throws {
      let directory = try TemporaryDirectory()
      let (source, library) = (directory.url.path + "/clock.c", directory.url.path + "/clock.so")
      try steppingClock.write(toFile: source, atomically: false, encoding: .utf8)
      try run(compiler() ?? "", ["-shared", "-fPIC", "-O1", "-o", library, source])
      // It has an effect at all.
      let script = "LD_PRELOAD=\(library); export LD_PRELOAD; date +%s; date +%s"
      let looks = try run("/bin/sh", ["-c", script])
        .split(separator: "\n").compactMap { Double($0) }
      let now = Date().timeIntervalSince1970
      #expect(looks.count == 2 && looks.allSatisfy { abs($0 - now) > 80_000 }, "\(looks)")
      let words = scenario.split(separator: " ").map(String.init)
      try await Fixture.expectSuccess(
        of: words[1], "forkServer", shell: "export LD_PRELOAD=\(library)",
        executable: try builtProgram(words[0]))
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) throws -> String {
      let process = Process()
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let text = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(program) \(arguments)")
      return String(decoding: text, as: UTF8.self)
    }
  }
}
