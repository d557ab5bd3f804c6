package transport

// Pace is the present pace in requests a second.
func (p *Pacer) Pace() float64 { return float64(p.limiter.Limit()) }
