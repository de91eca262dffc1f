// The C++ PDQ reference as a peer: it hashes decoded frames that it holds in memory, and says how long that took.
//
// Built by peer-setup.ts together with the sources inside PyPI's `pdqhash`. Requests are lines of words on standard input,
// answers are lines of JSON on standard output; peer-process.ts has the list. Time is taken around the hashing alone:
// from the bytes of a frame to its hash, which counts the conversion to luma as the library itself does it. Before that
// the frame is copied to one fixed buffer, as ours is, so that both find it in the same state.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <pdq/cpp/hashing/pdqhashing.h>

using namespace facebook::pdq::hashing;

struct FrameSet {
  int width = 0, height = 0, channels = 0, count = 0;
  std::vector<uint8_t> bytes;
};

struct Hasher {
  std::vector<uint8_t> frame;
  std::vector<float> luma, scratch;
  float buffer64x64[64][64], buffer16x64[16][64], buffer16x16[16][16], aux16x16[16][16];
  Hash256 hashes[8];
  int quality = 0;

  void take(const FrameSet& set, int at) {
    const size_t pixels = size_t(set.width) * set.height;
    frame.resize(pixels * set.channels);
    luma.resize(pixels);
    scratch.resize(pixels);
    memcpy(frame.data(), set.bytes.data() + at * frame.size(), frame.size());
  }

  void fillLuma(const FrameSet& set) {
    const int w = set.width, h = set.height;
    uint8_t* bytes = frame.data();
    if (set.channels == 1) fillFloatLumaFromGrey(bytes, h, w, w, 1, luma.data());
    else fillFloatLumaFromRGB(bytes, bytes + 1, bytes + 2, h, w, 3 * w, 3, luma.data());
  }

  void hash(const FrameSet& set) {
    fillLuma(set);
    pdqHash256FromFloatLuma(luma.data(), scratch.data(), set.height, set.width, buffer64x64, buffer16x64, buffer16x16,
                            hashes[0], quality);
  }

  void hashDihedral(const FrameSet& set) {
    fillLuma(set);
    pdqDihedralHash256esFromFloatLuma(luma.data(), scratch.data(), set.height, set.width, buffer64x64, buffer16x64,
                                      buffer16x16, aux16x16, &hashes[0], &hashes[1], &hashes[2], &hashes[3],
                                      &hashes[4], &hashes[5], &hashes[6], &hashes[7], quality);
  }
};

static std::string load(std::map<std::string, FrameSet>& sets, std::istringstream& words) {
  std::string name, path;
  FrameSet set;
  words >> name >> set.width >> set.height >> set.channels >> set.count >> std::ws;
  std::getline(words, path);
  set.bytes.resize(size_t(set.width) * set.height * set.channels * set.count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(set.bytes.data()), set.bytes.size());
  if (!file) return "{\"error\":\"the frames cannot be read\"}";
  sets[name] = std::move(set);
  return "{}";
}

static std::string run(const FrameSet& set, Hasher& hasher, bool dihedral) {
  long long ns = 0;
  for (int at = 0; at < set.count; at++) {
    hasher.take(set, at);
    const auto from = std::chrono::steady_clock::now();
    dihedral ? hasher.hashDihedral(set) : hasher.hash(set);
    ns += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - from).count();
  }
  return "{\"ns\":" + std::to_string(ns) + "}";
}

static std::string hashAll(const FrameSet& set, Hasher& hasher) {
  std::string hashes, qualities;
  for (int at = 0; at < set.count; at++) {
    hasher.take(set, at);
    hasher.hash(set);
    hashes += (at ? ",\"" : "\"") + hasher.hashes[0].format() + "\"";
    qualities += (at ? "," : "") + std::to_string(hasher.quality);
  }
  return "{\"hashes\":[" + hashes + "],\"qualities\":[" + qualities + "]}";
}

int main() {
  std::map<std::string, FrameSet> sets;
  Hasher hasher;
  std::cout << "{\"compiler\":\"" << __VERSION__ << "\"}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, name;
    words >> verb;
    if (verb == "load") {
      std::cout << load(sets, words) << std::endl;
      continue;
    }
    words >> name;
    const FrameSet& set = sets[name];
    if (verb == "hash" || verb == "dihedral") std::cout << run(set, hasher, verb == "dihedral") << std::endl;
    else if (verb == "hashes") std::cout << hashAll(set, hasher) << std::endl;
    else std::cout << "{\"error\":\"unknown request\"}" << std::endl;
  }
}
