import Foundation
import Testing

extension EndToEndTests {
  /// The tool where the system gives little: it works, or reports the limit that is met, and ends.
  @Suite struct LimitTests {
    /// Ends with success, or with a sentence that names the limit; never by a signal, never late.
    private func expectWordsOrWork(_ limits: String, _ arguments: String, word: String) throws {
      let run = try Tool.run(shell: "\(limits); exec timeout -s KILL 120 $PTREE run \(arguments)")
      #expect((0...1).contains(run.code), "\(limits) \(arguments): \(run.errors.suffix(2_000))")
      #expect(!run.errors.contains("src/"), "\(run.errors.suffix(2_000))")
      if run.code == 1 {
        #expect(run.errors.contains(word), "\(limits) \(arguments): \(run.errors.suffix(2_000))")
      }
    }

    /// Which step finds none left depends on the exact number.
    @Test(arguments: 6...40)
    func anyNumberOfDescriptors(limit: Int) throws {
      try expectWordsOrWork("ulimit -n \(limit)", "names", word: "ulimit -n")
    }

    @Test(arguments: [8, 16, 20, 24, 32, 48, 64, 80])
    func fewDescriptors(limit: Int) throws {
      for example in ["names", "ring --nodes 6", "wordcount /usr/include/linux"] {
        try expectWordsOrWork("ulimit -n \(limit)", example, word: "ulimit -n")
      }
    }

    @Test func moreChildrenThanDescriptorsAllow() throws {
      try expectWordsOrWork(
        "ulimit -n 1024", "mapreduce --workers 190 --seconds 1 --quiet", word: "ulimit -n")
    }
  }
}
