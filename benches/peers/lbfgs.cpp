// The logistic workloads by libLBFGS on an objective written by hand in Eigen: one pass over X an evaluation.
//
//     g++ -std=c++17 -O3 -march=native -ffast-math -DNDEBUG -I/usr/include/eigen3 lbfgs.cpp -llbfgs -o lbfgs && ./lbfgs [WORKLOAD ...]
//
// `lbfgs_large` has k = 5 classes (softmax), `logistic_small` two (one row of coefficients). Blocks of rows go
// through Z = X W' + b, the loss and G += R' X while they are in the cache. Stops at the objective of README.md.

#include "measure.hpp"
#include <Eigen/Dense>
#include <cstdlib>
#include <fstream>
#include <lbfgs.h>
#include <sstream>

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Problem {
    Matrix x;  // n x d
    std::vector<int> y;
    int k;  // rows of coefficients: classes, or 1 for two classes
    double target;
    long block;
    Eigen::MatrixXd z;  // a block's links, by columns
    long evaluations = 0;

    int size() const { return k * int(x.cols() + 1); }

    // p holds [coef (k x d, by rows), intercept (k)].
    double value_grad(const double *p, double *g) {
        evaluations++;
        const long d = x.cols();
        Eigen::Map<const Matrix> w(p, k, d);
        Eigen::Map<const Eigen::RowVectorXd> b(p + k * d, k);
        Eigen::Map<Matrix> gw(g, k, d);
        Eigen::Map<Eigen::RowVectorXd> gb(g + k * d, k);
        gw = w, gb.setZero();
        double value = 0.5 * w.squaredNorm();
        for (long at = 0; at < x.rows(); at += block) {
            const long m = std::min(block, x.rows() - at);
            const auto rows = x.middleRows(at, m);
            auto r = z.topRows(m);
            r.noalias() = rows * w.transpose();
            r.rowwise() += b;
            value += k == 1 ? logistic(r, at) : softmax(r, at);
            gw.noalias() += r.transpose() * rows;
            gb += r.colwise().sum();
        }
        return value;
    }
    template <class R>
    double logistic(R &r, long at) const {
        Eigen::Map<const Eigen::VectorXi> labels(y.data() + at, r.rows());
        auto truth = labels.cast<double>().array();
        Eigen::ArrayXd u = r.col(0).array(), e = (-u.abs()).exp();
        r.col(0) = ((u >= 0).select(1.0 / (1.0 + e), e / (1.0 + e)) - truth).matrix();
        return (u.max(0.0) + e.log1p() - truth * u).sum();
    }
    template <class R>
    double softmax(R &r, long at) const {
        double value = 0;
        for (long i = 0; i < r.rows(); i++) value -= r(i, y[at + i]);
        Eigen::ArrayXd top = r.rowwise().maxCoeff();
        r.array().colwise() -= top;
        r = r.array().exp().matrix();
        Eigen::ArrayXd total = r.rowwise().sum();
        r.array().colwise() *= 1.0 / total;
        for (long i = 0; i < r.rows(); i++) r(i, y[at + i]) -= 1.0;
        return value + (top + total.log()).sum();
    }
};

static double evaluate(void *problem, const double *p, double *g, const int, const double) {
    return static_cast<Problem *>(problem)->value_grad(p, g);
}

static int progress(void *problem, const double *, const double *, const double fx, const double, const double, const double, int, int, int) {
    return fx <= static_cast<Problem *>(problem)->target;  // not zero: stop
}

static double fit(Problem &problem) {
    std::vector<double> p(problem.size(), 0.0);
    lbfgs_parameter_t parameter;
    lbfgs_parameter_init(&parameter);
    parameter.m = 10, parameter.epsilon = 0;
    double value;
    lbfgs(int(p.size()), p.data(), &value, evaluate, progress, &problem, &parameter);
    return value;
}

static Problem example_a(const char *path) {
    std::ifstream file(path);
    std::string line, cell;
    Problem problem{Matrix(800, 20), std::vector<int>(800), 1, 248.285583, 800, Eigen::MatrixXd(800, 1)};
    if (!std::getline(file, line)) std::fprintf(stderr, "lbfgs: no table at %s\n", path), std::exit(1);
    for (int i = 0; i < 800 && std::getline(file, line); i++) {
        std::stringstream cells(line);
        for (int j = 0; std::getline(cells, cell, ','); j++) {
            if (j < 20) problem.x(i, j) = std::stod(cell);
            else problem.y[i] = std::stoi(cell);
        }
    }
    return problem;
}

static Problem large() {
    Lcg lcg{1};
    Problem problem{Matrix(80000, 100), std::vector<int>(80000), 5, 29894.407170802453, 1024, Eigen::MatrixXd(1024, 5)};
    Matrix &x = problem.x, w(100, 5), noise(80000, 5);
    lcg.fill(x.data(), x.size());
    for (int j = 1; j < 100; j++) x.col(j) += 0.9 * x.col(j - 1);
    lcg.fill(w.data(), w.size()), lcg.fill(noise.data(), noise.size());
    Matrix score = 0.2 * (x * w) + noise;
    for (int i = 0; i < 80000; i++) score.row(i).maxCoeff(&problem.y[i]);
    return problem;
}

static void run(const char *workload, Problem problem) {
    double value = 0;
    auto times = measure([&] { problem.evaluations = 0, value = fit(problem); });
    report(workload, "liblbfgs", times, value, 0, 1);
    std::vector<double> p(problem.size(), 0.01), g(p.size());
    std::fprintf(stderr, "%s: %ld evaluations", workload, problem.evaluations);
    std::fprintf(stderr, ", each %.3g ms\n", 1e3 * measure([&] { problem.value_grad(p.data(), g.data()); }).front());
}

int main(int count, char **names) {
    const char *table = std::getenv("EXAMPLE_A");
    if (wanted(count, names, "logistic_small")) run("logistic_small", example_a(table ? table : "benches/data/example_a.csv"));
    if (wanted(count, names, "lbfgs_large")) run("lbfgs_large", large());
}
