// What the C++ peers share: the data generator of README.md, the clock, the JSON lines.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

struct Lcg {
    uint64_t s;
    double uniform() {
        s = s * 6364136223846793005u + 1442695040888963407u;
        return (s >> 11) * 0x1p-53;
    }
    double normal() {
        double a = uniform(), b = uniform(), c = uniform(), d = uniform();
        return (a + b + c + d - 2.0) * 1.7320508075688772;
    }
    void fill(double *to, long n) {
        for (long i = 0; i < n; i++) to[i] = normal();
    }
};

// Sorted times of run() in seconds, at least 5, for about two seconds; one run is discarded.
template <class Run>
std::vector<double> measure(Run run) {
    using Clock = std::chrono::steady_clock;
    run();
    std::vector<double> times;
    for (auto end = Clock::now() + std::chrono::seconds(2); times.size() < 5 || Clock::now() < end;) {
        auto start = Clock::now();
        run();
        times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    return times;
}

// `rows` processed by one run makes it a rate; `per` equal pieces in a run divide its time.
inline void report(const char *workload, const char *peer, const std::vector<double> &sorted, double check, double rows, double per) {
    double low = sorted.front() / per, middle = sorted[sorted.size() / 2] / per;
    if (rows > 0) low = rows / low, middle = rows / middle;
    std::printf("{\"workload\": \"%s\", \"peer\": \"%s\", \"unit\": \"%s\", \"min\": %.9g, \"median\": %.9g, \"runs\": %zu, \"check\": %.12g}\n",
                workload, peer, rows > 0 ? "rows/s" : "s", low, middle, sorted.size(), check);
    std::fflush(stdout);
}

inline bool wanted(int count, char **names, const char *name) {
    return count == 1 || std::any_of(names + 1, names + count, [&](char *n) { return !std::strcmp(n, name); });
}
