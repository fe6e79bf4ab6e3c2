// Package timing measures whether the program tells by its speed what it does
// not say: whether an account exists.
//
// Two kinds of requests are sent to the real program in random order, and their
// times compared by the area under the ROC curve (the Mann-Whitney statistic):
// how often a time of the one kind is longer than one of the other. One half is
// what chance gives; one means that a single request tells. Required is that the
// 95 % interval of the measurement lies inside [0.45, 0.55].
//
// As the control, the same is measured of a program that was built without its
// precaution.
package timing
