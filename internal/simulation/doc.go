// Package simulation makes the lives of customers whose end is known: when each
// stopped being one, and why. Nothing else can say how soon a departure was
// noticed, because in a real log nobody writes that he has left.
//
// Purchases follow the model of Fader, Hardie and Lee (2005) in the variant of
// Batislam, Denizel and Filiztekin (2007), where a customer may leave after the first
// purchase too: the rate of each is drawn from a gamma distribution, the
// probability to leave after a purchase from a beta distribution. Visits come at a
// multiple of the rate of purchases and stop with the customer. A purchase may
// bring a complaint, and while one is open the odds of leaving are four times as
// high (an e-commerce cross-section gave 3.8).
package simulation
