// The networks' workloads in Eigen, with sizes known when it is compiled and with dynamic sizes.
//
//     g++ -O3 -march=native -ffast-math -DNDEBUG -I/usr/include/eigen3 eigen.cpp -o eigen && ./eigen [WORKLOAD ...]
//
// The same data, start, order and Adam as peers.py; the same JSON lines. Activations are columns
// (width x rows, column-major), so a layer is z = W x + b, one product.

#define EIGEN_STACK_ALLOCATION_LIMIT 0
#include "measure.hpp"
#include <Eigen/Dense>
#include <cmath>
#include <memory>

using Eigen::Dynamic;
using Eigen::Matrix;
using Eigen::MatrixXf;

struct Rows {
    MatrixXf x;          // 64 x 8192
    std::vector<int> y;  // ten classes
};

static Rows network_rows() {
    Lcg lcg{2};
    Eigen::MatrixXd x(64, 8192), w(10, 64);
    lcg.fill(x.data(), x.size()), lcg.fill(w.data(), w.size());  // by columns here: by rows there
    Eigen::MatrixXd z = w * x;
    Rows rows{x.cast<float>(), std::vector<int>(8192)};
    for (int i = 0; i < 8192; i++) z.col(i).maxCoeff(&rows.y[i]);
    return rows;
}

// ---- a network of dense layers, relu between them ----

template <class W>
struct Moments {
    W m, v;
};

struct Adam {
    float rate, epsilon;
    static Adam at(int t) {
        double root = std::sqrt(1 - std::pow(0.999, t));
        return {float(1e-3 * root / (1 - std::pow(0.9, t))), float(1e-8 * root)};
    }
    template <class P, class G>
    void step(P &p, Moments<P> &s, const G &g) const {
        s.m.array() = 0.9f * s.m.array() + 0.1f * g.array();
        s.v.array() = 0.999f * s.v.array() + 0.001f * g.array().square();
        p.array() -= rate * s.m.array() / (s.v.array().sqrt() + epsilon);
    }
};

template <int In, int Out, int Batch>
struct Dense {
    // By columns, a product with one x adds up columns of W: too short to fill a vector below 16 outputs.
    static constexpr int Order = Out != Dynamic && Out < 16 ? Eigen::RowMajor : Eigen::ColMajor;
    using Weight = Matrix<float, Out, In, Order>;
    using Bias = Matrix<float, Out, 1>;
    Weight w, dw;
    Bias b, db;
    Moments<Weight> sw;
    Moments<Bias> sb;
    Matrix<float, Out, Batch> y, d;  // output after relu; gradient with respect to the output before it

    Dense(Lcg &lcg, int in, int out, int batch) {
        w.resize(out, in), dw.resize(out, in), b.resize(out), db.resize(out);
        sw.m.resize(out, in), sw.v.resize(out, in), sb.m.resize(out), sb.v.resize(out);
        y.resize(out, batch), d.resize(out, batch);
        for (int o = 0; o < out; o++)
            for (int i = 0; i < in; i++) w(o, i) = float((2.0 * lcg.uniform() - 1.0) / std::sqrt(double(in)));
        b.setZero(), sw.m.setZero(), sw.v.setZero(), sb.m.setZero(), sb.v.setZero();
    }
    template <class X>
    void forward(const X &x, bool relu) {
        y.noalias() = w * x;
        y.colwise() += b;
        if (relu) y = y.cwiseMax(0.f);
    }
    template <class X>
    void gradients(const X &x) {
        dw.noalias() = d * x.transpose();
        db = d.rowwise().sum();
    }
    template <class X, class D>
    void push_back(const X &x, D &dx) const {  // through the layer and the relu that made x
        dx.noalias() = w.transpose() * d;
        dx.array() *= (x.array() > 0.f).template cast<float>();
    }
    void step(const Adam &adam) { adam.step(w, sw, dw), adam.step(b, sb, db); }
};

template <int I, int H, int O, int Batch>
struct Network {  // I-H-H-O
    Dense<I, H, Batch> a;
    Dense<H, H, Batch> b;
    Dense<H, O, Batch> c;
    Network(Lcg lcg, int i, int h, int o, int batch) : a(lcg, i, h, batch), b(lcg, h, h, batch), c(lcg, h, o, batch) {}

    template <class X>
    void forward(const X &x) {
        a.forward(x, true), b.forward(a.y, true), c.forward(b.y, false);
    }
    template <class X>
    float train(const X &x, const int *labels, int t) {  // one step of Adam; the mean loss before it
        forward(x);
        float loss = 0, scale = 1.f / x.cols();
        for (int r = 0; r < x.cols(); r++) {
            auto z = c.y.col(r);
            float top = z.maxCoeff();
            auto d = c.d.col(r);
            d = (z.array() - top).exp();
            float total = d.sum();
            loss += std::log(total) + top - z(labels[r]);
            d *= scale / total;
            d(labels[r]) -= scale;
        }
        c.gradients(b.y), c.push_back(b.y, b.d);
        b.gradients(a.y), b.push_back(a.y, a.d);
        a.gradients(x);
        Adam adam = Adam::at(t);
        a.step(adam), b.step(adam), c.step(adam);
        return loss * scale;
    }
};

template <int I, int H, int O>
struct Shallow {  // I-H-O
    Dense<I, H, 1> a;
    Dense<H, O, 1> c;
    Shallow(Lcg lcg, int i, int h, int o, int) : a(lcg, i, h, 1), c(lcg, h, o, 1) {}
    template <class X>
    void forward(const X &x) {
        a.forward(x, true), c.forward(a.y, false);
    }
};

// ---- workloads ----

template <class Net, int Batch>
static void train(const char *workload, const char *peer, const Rows &rows, int batch) {
    auto net = std::make_unique<Net>(Lcg{3}, 64, 128, 10, batch);
    int t = 0;
    double first = -1;
    auto times = measure([&] {
        double total = 0;
        for (int at = 0; at < rows.x.cols(); at += batch) {
            if constexpr (Batch == Dynamic)
                total += net->train(rows.x.middleCols(at, batch), &rows.y[at], ++t);
            else
                total += net->train(rows.x.middleCols<Batch>(at), &rows.y[at], ++t);
        }
        if (first < 0) first = total * batch / rows.x.cols();
    });
    report(workload, peer, times, first, rows.x.cols(), 1);
}

template <class Net, int In>
static void infer(const char *workload, const char *peer, const Rows &rows, int in, int hidden, int out) {
    const int calls = 200;
    auto net = std::make_unique<Net>(Lcg{3}, in, hidden, out, 1);
    auto one = [&](int r) {
        if constexpr (In == Dynamic)
            net->forward(rows.x.col(r).head(in));
        else
            net->forward(rows.x.col(r).head<In>());
        asm volatile("" : : "r"(net->c.y.data()) : "memory");
    };
    auto times = measure([&] {
        for (int r = 0; r < calls; r++) one(r);
    });
    one(0);
    report(workload, peer, times, net->c.y.sum(), 0, calls);
}

int main(int count, char **names) {
    Rows rows = network_rows();
    if (wanted(count, names, "train_32")) {
        train<Network<64, 128, 10, 32>, 32>("train_32", "eigen static", rows, 32);
        train<Network<Dynamic, Dynamic, Dynamic, Dynamic>, Dynamic>("train_32", "eigen dynamic", rows, 32);
    }
    if (wanted(count, names, "train_256")) {
        train<Network<64, 128, 10, 256>, 256>("train_256", "eigen static", rows, 256);
        train<Network<Dynamic, Dynamic, Dynamic, Dynamic>, Dynamic>("train_256", "eigen dynamic", rows, 256);
    }
    if (wanted(count, names, "infer_20_100_2")) {
        infer<Shallow<20, 100, 2>, 20>("infer_20_100_2", "eigen static", rows, 20, 100, 2);
        infer<Shallow<Dynamic, Dynamic, Dynamic>, Dynamic>("infer_20_100_2", "eigen dynamic", rows, 20, 100, 2);
    }
    if (wanted(count, names, "infer_64_128_128_10")) {
        infer<Network<64, 128, 10, 1>, 64>("infer_64_128_128_10", "eigen static", rows, 64, 128, 10);
        infer<Network<Dynamic, Dynamic, Dynamic, 1>, Dynamic>("infer_64_128_128_10", "eigen dynamic", rows, 64, 128, 10);
    }
}
